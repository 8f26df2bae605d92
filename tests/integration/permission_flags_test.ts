/**
 * Each example recipe runs in a process that holds exactly the flags which `permissions` prints, and fails when any one
 * of them is taken away. In a copy, one after the other: some read what others have written.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { cli } from "./cli.ts";
import { copyTree } from "./recipe_files.ts";
import { withHome } from "./home.ts";
import { RECIPE_RUNS } from "./recipe_cases.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const RECIPES = fileURLToPath(new URL("../../recipes/", import.meta.url)).replaceAll("\\", "/");

Deno.test("recipes under their printed flags, and without each of them", async (t) => {
  await withHome(async (home) => {
    await copyTree(RECIPES, `${home}/recipes`);
    for (const { recipe, args = [], env = {} } of RECIPE_RUNS) {
      await t.step([recipe, ...args].join(" "), async () => {
        const file = `${home}/recipes/${recipe}`;
        const printed = await cli(["permissions", file, "--format", "flags", ...vars(args)], {
          cwd: home,
          env,
        });
        assert.equal(printed.code, 0, printed.stderr);
        const flags = printed.stdout.trim().split("\n");
        assert.ok(flags.every((flag) => /^--allow-(net|read|write|env|ffi)=./.test(flag)), printed.stdout);
        for (const missing of flags) {
          const { code } = await run(flags.filter((flag) => flag !== missing), { file, home, args, env });
          assert.notEqual(code, 0, `it runs without ${missing}`);
        }
        const { code, stderr } = await run(flags, { file, home, args, env });
        assert.equal(code, 0, `${flags.join("\n")}\n${stderr}`);
      });
    }
  });
});

/** The options that `permissions` takes as well. */
function vars(args: readonly string[]): string[] {
  return args.filter((arg, i) => arg === "--var" || args[i - 1] === "--var");
}

async function run(
  flags: readonly string[],
  of: { file: string; home: string; args: readonly string[]; env: Record<string, string> },
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
