/**
 * Executables for one recipe: what is inside, and that the permissions baked in are enough and no more. What is inside is
 * unpacked and run by `deno` under those permissions, in another folder; the runtime that would do it itself can't be had
 * everywhere (see compile_test.ts).
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { toRelativeFlags } from "../../scripts/compile/recipe.ts";
import { findTarget } from "../../scripts/compile/targets.ts";
import { withRecipe } from "../../src/cli/start_recipe.ts";
import { compile, unpack } from "./executable.ts";

const FILES: Record<string, string> = {
  "shop/base.yaml": `source: {type: csv, columns: {id: int, name: string}}
transform:
  steps:
    - {type: function, module: steps/mark.ts, export: mark}
`,
  "shop/daily/orders.yaml": `name: orders
extends: ../base.yaml
source: {path: "in/*.csv"}
transform:
  steps:
    - {type: function, module: escape.ts, export: escape}
    - {type: sql, query: "SELECT *, {{ var('attempt', '1') }} AS attempt FROM {input}"}
    - {type: add_column, name: region, value: "{{ env_var('REGION') }}"}
destination: {type: jsonl, path: ../out/orders.jsonl}
`,
  "shop/steps/mark.ts": `import { suffix } from "./suffix.ts";
export const mark = (rows: { name: string }[]) => rows.map((row) => ({ ...row, name: row.name + suffix }));
`,
  "shop/steps/suffix.ts": `export const suffix = "!";\n`,
  "shop/daily/escape.ts": `
export async function escape(rows: Record<string, unknown>[]) {
  const tries: Record<string, () => unknown> = {
    read: () => Deno.readTextFileSync("secret.txt"),
    above: () => Deno.readTextFileSync("../secret.txt"),
    list: () => [...Deno.readDirSync(".")],
    write: () => Deno.writeTextFileSync("in/more.csv", ""),
    env: () => Deno.env.get("SECRET"),
    all: () => Deno.env.toObject(),
    run: () => new Deno.Command("true").outputSync(),
    net: () => fetch("http://127.0.0.1:47999/"),
    import: () => import(["http:", "", "127.0.0.1:47999", "x.ts"].join("/")),
    sys: () => Deno.hostname(),
  };
  const got: string[] = [];
  for (const [name, attempt] of Object.entries(tries)) {
    try {
      await attempt();
      got.push(name);
    } catch (error) {
      if (!/NotCapable|Requires .* access/.test(String(error))) got.push(name + ": " + error);
    }
  }
  return rows.map((row) => ({ ...row, escaped: got.join("; ") }));
}
`,
};

async function write(dir: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(dir, path)), { recursive: true });
    await Deno.writeTextFile(join(dir, path), text);
  }
}

Deno.test({
  name: "an executable for one recipe holds it, its parents and modules, and may do what they need",
  ignore: findTarget(Deno.build.target) === undefined || Deno.build.os === "windows",
  async fn(t) {
    const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "dataloader recipe é " }));
    try {
      await write(dir, FILES);
      const { embedded, printed } = await compile(join(dir, "orders"), [
        "--recipe",
        join(dir, "shop/daily/orders.yaml"),
      ], {
        REGION: "north",
      });

      await t.step(
        "its permissions: relative paths where the recipe has them, no folder of code, nothing to ask",
        () => {
          const { allow_read, allow_write, allow_env, allow_net, allow_run, allow_sys, allow_ffi } =
            embedded.permissions;
          assert.deepEqual(allow_read, ["../out", "./.state", "./in"]);
          assert.deepEqual(allow_write, ["../out", "./.state"]);
          assert.deepEqual(allow_env, ["REGION"]);
          assert.deepEqual([allow_net, allow_run, allow_sys], [null, null, null]);
          // Where the engine's library is unpacked to is not known yet; code that is run is inside.
          assert.deepEqual(allow_ffi, []);
          assert.deepEqual(embedded.permissions.deny_import, []);
          assert.equal(embedded.prompts, false);
          assert.match(printed, /--allow-env=REGION/);
        },
      );

      await t.step(
        "the recipe, its parent and its modules are inside, the value of a variable is not",
        () => {
          const main = new TextDecoder().decode(embedded.read("recipe_main.ts"));
          for (const part of ["name: orders", "steps/mark.ts", "../base.yaml"]) {
            assert.ok(main.includes(part), part);
          }
          assert.doesNotMatch(main, /north/);
          const modules = embedded.files.map(({ path }) => path).filter((path) => path.startsWith("recipe/"));
          assert.deepEqual(modules.map((path) => path.split("/").at(-1)).sort(), [
            "escape.ts",
            "mark.ts",
            "suffix.ts",
          ]);
        },
      );

      const installed = join(dir, "unpacked");
      await unpack(embedded, installed);
      const work = join(dir, "elsewhere/a/b");
      await write(work, {
        "in/1.csv": "id,name\n1,Ada\n2,Bo\n",
        "secret.txt": "hidden",
        "../secret.txt": "hidden",
      });
      const call = async (args: string[], options: { without?: string } = {}) => {
        const flags = Object.entries(embedded.permissions).flatMap(([name, values]) => {
          if (values === null || name === "allow_import") return [];
          const flag = `--${name.replace("_", "-")}`;
          // To import what is inside, `deno` needs to read it; an executable does not.
          const list = [...values as string[], ...(name === "allow_read" ? [installed] : [])]
            .filter((value) => value !== options.without);
          return [list.length === 0 ? flag : `${flag}=${list.join(",")}`];
        });
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--no-prompt", "--cached-only", "--no-check", "--no-lock", "--quiet", ...flags]
            .concat(join(installed, "recipe_main.ts"), args),
          cwd: work,
          env: { REGION: "south", SECRET: "hidden", NO_COLOR: "1" },
        }).output();
        const decoder = new TextDecoder();
        return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
      };

      await t.step(
        "it runs in another folder, with the variables of there, and nothing gets out",
        async () => {
          const { code, stdout, stderr } = await call(["--json", "--no-progress"]);
          assert.equal(code, 0, stderr);
          assert.equal(JSON.parse(stdout).rows_written, 2);
          const rows = (await Deno.readTextFile(join(work, "../out/orders.jsonl"))).trim().split("\n");
          assert.deepEqual(rows.map((row) => JSON.parse(row)), [
            { id: 1, name: "Ada!", escaped: "", attempt: 1, region: "south" },
            { id: 2, name: "Bo!", escaped: "", attempt: 1, region: "south" },
          ]);
        },
      );

      await t.step("the embedded engine has the same walls", async () => {
        const attempts = [
          "(SELECT content FROM read_text('secret.txt'))",
          "(SELECT content FROM read_text('../secret.txt'))",
          "(SELECT count(*) FROM read_csv('/etc/passwd'))",
          "getenv('SECRET')",
        ];
        assert.equal((await call(["--var", "attempt=(SELECT 2)"])).code, 0);
        for (const attempt of attempts) {
          const { code, stdout } = await call(["--var", `attempt=${attempt}`, "--json", "--no-progress"]);
          assert.equal(code, 1, attempt);
          assert.doesNotMatch(stdout, /hidden/);
          assert.match(
            JSON.parse(stdout).error.message,
            /disabled|permission|not permitted|may not|allowed|getenv/i,
          );
        }
      });

      await t.step("each path is needed", async () => {
        for (const without of ["./in", "../out", "./.state"]) {
          const { code } = await call(["--json", "--no-progress"], { without });
          assert.notEqual(code, 0, `it runs without ${without}`);
        }
      });

      await t.step("its commands", async () => {
        assert.match((await call(["show-state"])).stdout, /orders/);
        assert.match((await call(["version"])).stdout, /^dataloader /);
        const plan = await call(["plan"]);
        assert.deepEqual([plan.code, /runs one recipe, orders\.yaml/.test(plan.stderr)], [2, true]);
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("a recipe that is wrong makes no executable, and is named with its line", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await write(dir, {
      "wrong.yaml": FILES["shop/daily/orders.yaml"]!.replace("extends: ../base.yaml\n", ""),
    });
    await assert.rejects(
      compile(join(dir, "wrong"), ["--recipe", join(dir, "wrong.yaml")], { REGION: "x" }),
      /wrong\.yaml:2: "source" needs the key "type"/,
    );
    await assert.rejects(Deno.stat(join(dir, "wrong")), Deno.errors.NotFound);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("grants become flags: what is inside needs none, a comma is doubled, absolute paths stay", () => {
  const flags = toRelativeFlags([
    { kind: "read", value: "/t/up2/up1/in" },
    { kind: "read", value: "/t/up2/out, old" },
    { kind: "read", value: "/srv/data" },
    { kind: "read", value: "/t/up2/up1/r.yaml", why: "the recipe" },
    { kind: "read", value: "/p/src", why: "the program" },
    { kind: "ffi", value: "/p/node_modules/x" },
    { kind: "net", value: "db:5432" },
    { kind: "env", value: "A" },
  ], { root: "/t", base: "/t/up2/up1" });
  assert.deepEqual(flags, [
    "--allow-env=A",
    "--allow-net=db:5432",
    "--allow-read=../out,, old,./in,/srv/data",
    "--allow-ffi",
    "--deny-import",
  ]);
});

Deno.test("a command line of an executable for one recipe is one with the recipe put in", () => {
  const cases: [string[], string[] | undefined][] = [
    [[], ["run", "--no-sandbox", "/r.yaml"]],
    [["--json"], ["run", "--no-sandbox", "/r.yaml", "--json"]],
    [["run", "--limit", "5"], ["run", "--no-sandbox", "/r.yaml", "--limit", "5"]],
    [["show-state", "--json"], ["show-state", "/r.yaml", "--json"]],
    [["state", "set", "--cursor", "a=1"], ["state", "set", "/r.yaml", "--cursor", "a=1"]],
    [["state"], undefined],
    [["preview"], undefined],
    [["init", "x"], undefined],
    [["--help"], ["--help"]],
    [["version", "--json"], ["version", "--json"]],
  ];
  for (const [args, expected] of cases) {
    assert.deepEqual(withRecipe(args, "/r.yaml"), expected, args.join(" "));
  }
});
