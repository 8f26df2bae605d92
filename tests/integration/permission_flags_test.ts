/**
 * Each example recipe runs in a process that holds exactly the flags which `permissions` prints, and fails when any one
 * of them is taken away. In a copy, one after the other: some read what others have written.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { postgresTest } from "../servers/postgres_test_case.ts";
import { cli } from "./cli.ts";
import { withHome } from "./home.ts";
import { RECIPE_RUNS } from "./recipe_cases.ts";
import { copyTree, POSTGRES_RECIPES } from "./recipe_files.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const RECIPES = fileURLToPath(new URL("../../recipes/", import.meta.url)).replaceAll("\\", "/");

Deno.test("recipes under their printed flags, and without each of them", async (t) => {
  await withHome(async (home) => {
    await copyTree(RECIPES, `${home}/recipes`);
    for (const { recipe, args = [], env = {} } of RECIPE_RUNS) {
      await t.step([recipe, ...args].join(" "), async () => {
        await withAndWithout({ file: `${home}/recipes/${recipe}`, home, args, env });
      });
    }
  });
});

postgresTest(
  "PostgreSQL recipes under their printed flags, and without each",
  { own: {} },
  async (server, t) => {
    for (const name of ["shop", "warehouse"]) {
      const database = await server.createDatabase({ name });
      await server.execute(`ALTER SCHEMA public OWNER TO ${server.user}`, { database });
    }
    const { host, port, user, password } = server.connection();
    const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
    await withHome(async (home) => {
      await copyTree(RECIPES, `${home}/recipes`);
      for (const recipe of POSTGRES_RECIPES) {
        await t.step(recipe, async () => {
          const flags = await withAndWithout({ file: `${home}/recipes/${recipe}`, home, args: [], env });
          const net = flags.filter((flag) => flag.startsWith("--allow-net="));
          assert.deepEqual(net, [`--allow-net=${host}:${port}`]);
          assert.ok(!flags.join().includes(password));
        });
      }
    });
  },
);

interface Setting {
  readonly file: string;
  readonly home: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

/** Runs a recipe without each of its flags, which must fail, and with all of them. Gives the flags. */
async function withAndWithout(of: Setting): Promise<string[]> {
  const { file, home, args, env } = of;
  const printed = await cli(["permissions", file, "--format", "flags", ...vars(args)], { cwd: home, env });
  assert.equal(printed.code, 0, printed.stderr);
  const flags = printed.stdout.trim().split("\n");
  assert.ok(flags.every((flag) => /^--allow-(net|read|write|env|ffi)=./.test(flag)), printed.stdout);
  for (const missing of flags) {
    const { code } = await run(flags.filter((flag) => flag !== missing), of);
    assert.notEqual(code, 0, `it runs without ${missing}`);
  }
  const { code, stderr } = await run(flags, of);
  assert.equal(code, 0, `${flags.join("\n")}\n${stderr}`);
  return flags;
}

/** The options that `permissions` takes as well. */
function vars(args: readonly string[]): string[] {
  return args.filter((arg, i) => arg === "--var" || args[i - 1] === "--var");
}

async function run(
  flags: readonly string[],
  of: Setting,
): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, MAIN, "run", "--no-sandbox", of.file, ...of.args],
    cwd: of.home,
    env: { NO_COLOR: "1", ...of.env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
