/** Where people put things: a home that can't be written, names with blanks and letters of all kinds, no network. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { queryFile } from "./database.ts";
import { withHome } from "./home.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const NAME = "Büro Zürich/мои данные 数据/it's 100% (neu)";

/** Deno keeps its own cache below the home unless it is told where that is. */
async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

async function run(cwd: string, args: readonly string[], before: readonly string[] = []) {
  const [command, ...rest] = [...before, Deno.execPath(), "run", "-A", MAIN, ...args];
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args: rest,
    cwd,
    env: { HOME: "/proc/none", XDG_CACHE_HOME: "/proc/none", DENO_DIR: await denoDirectory(), NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The command that runs another without a network; undefined where this user may not. */
async function withoutNetwork(): Promise<string[] | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const args = ["unshare", "--user", "--map-root-user", "--net"];
  const tried = await new Deno.Command(args[0]!, { args: [...args.slice(1), "true"] }).output().catch(() =>
    undefined
  );
  return tried?.success ? args : undefined;
}

Deno.test({
  name: "a home that can't be written, names with blanks and letters of all kinds, no network",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withHome(async (home) => {
      const folder = `${home}/${NAME}`;
      await Deno.mkdir(`${folder}/eingang über`, { recursive: true });
      await Deno.writeTextFile(`${folder}/eingang über/données 1.csv`, "id,größe\n1,ä\n2,日本\n");
      await Deno.writeTextFile(
        `${folder}/r é.yaml`,
        `name: odd
source: {type: csv, path: "eingang über/*.csv", incremental: {strategy: modified_time}}
transform: {steps: [{type: function, module: "schritt ß.ts", export: loud, columns: {id: int, größe: string}}]}
destination: {type: duckdb, database: "aus gang/läden.duckdb", table: größen}
`,
      );
      await Deno.writeTextFile(
        `${folder}/schritt ß.ts`,
        "export const loud = (rows) => rows.map((row) => ({ ...row, größe: row.größe + '!' }));\n",
      );
      const before = await withoutNetwork();
      for (
        const args of [["validate", "r é.yaml"], ["plan", "r é.yaml"], ["run", "r é.yaml"], [
          "show-state",
          "r é.yaml",
        ]]
      ) {
        const { code, stdout, stderr } = await run(folder, args, before);
        assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
      }
      const rows = await queryFile(`${folder}/aus gang/läden.duckdb`, "SELECT * FROM größen ORDER BY id");
      assert.deepEqual(rows, [{ id: "1", größe: "ä!" }, { id: "2", größe: "日本!" }]);
    }),
});
