/** Code of a recipe tries to get out of its run: every attempt fails, and every one of them works without walls. */
import assert from "node:assert/strict";
import { cli } from "../integration/cli.ts";
import { attempts } from "./code/attempts.ts";
import type { Outcome } from "./code/step.ts";
import { makeWorld, type World } from "./world.ts";

const ENV = { ESCAPE_SECRET: "hidden", ESCAPE_ALLOWED: "shown" };

/** Attempts that have no way to work here even without walls, and why. */
const HOPELESS: Record<string, string> = {
  "process.binding": "Deno has no such binding",
  "node:vm": "its contexts have no Deno",
  "the same host by another notation": "the server listens on IPv4 alone",
  "Deno.permissions.request": "nobody is there to ask",
  "other methods of strings while a session is opened": "the engine's own statements break by it",
};

Deno.test({
  name: "escape attempts of a recipe's code",
  ignore: Deno.build.os !== "linux",
  async fn(t) {
    await using world = await makeWorld();
    await writeRecipe(world);
    const free = await outcomes(world, ["--no-sandbox"]);
    const walled = await outcomes(world, []);
    for (const attempt of Object.keys(attempts)) {
      await t.step(attempt, () => {
        const [inside, outside] = [walled.get(attempt), free.get(attempt)];
        assert.ok(inside !== undefined && outside !== undefined, "it was tried");
        assert.equal(inside.escaped, false, "it got out");
        if (!(attempt in HOPELESS)) {
          assert.equal(outside.escaped, true, `without walls it must work: ${outside.detail}`);
        }
      });
    }
    await t.step("what the recipe names works", () => {
      for (const what of ["variable", "host", "module"]) {
        assert.equal(walled.get(`allowed: ${what}`)?.escaped, true, what);
      }
    });
    await t.step("nothing was changed outside", async () => {
      const names = (await Array.fromAsync(Deno.readDir(`${world.folder}/other`))).map(({ name }) => name);
      assert.deepEqual(names.sort(), ["module.ts", "socket", "worker.ts"]);
    });
  },
});

Deno.test({
  name: "escape attempts of a recipe's code while the recipe is tested",
  ignore: Deno.build.os !== "linux",
  async fn(t) {
    await using world = await makeWorld();
    await writeRecipe(world);
    const tested = await testedOutcomes(world);
    for (const attempt of Object.keys(attempts)) {
      await t.step(attempt, () => assert.equal(tested.get(attempt), "false"));
    }
    for (const what of ["variable", "host", "module"]) {
      await t.step(`allowed: ${what}`, () => assert.equal(tested.get(`allowed: ${what}`), "true"));
    }
  },
});

for (const [what, target] of [["a file", "secret/secret.txt"], ["a folder", "secret"]] as const) {
  Deno.test({
    name: `a link to ${what} out of a folder that code may read: the run is refused`,
    ignore: Deno.build.os === "windows",
    async fn() {
      await using world = await makeWorld();
      await writeRecipe(world);
      const link = `${world.folder}/in/link`;
      await Deno.symlink(`${world.folder}/${target}`, link);
      const args = ["run", world.places.recipe, "--json"];
      const refused = await cli(args, { cwd: world.folder, env: ENV });
      assert.equal(refused.code, 1);
      const { error } = JSON.parse(refused.stdout);
      assert.equal(error.code, "LINK_LEAVES_FOLDER");
      assert.deepEqual([error.context.path, error.location.line], [link, 4]);
      // One that stays within is no way out.
      await Deno.remove(link);
      await Deno.symlink(`${world.folder}/in/rows.csv`, link);
      assert.equal((await cli(args, { cwd: world.folder, env: ENV })).code, 0);
    },
  });
}

async function writeRecipe({ places }: World): Promise<void> {
  await Deno.writeTextFile(places.parent, "description: tries to get out\n");
  await Deno.writeTextFile(
    places.recipe,
    `
name: escape
extends: base.yaml
source: {type: csv, path: "in/*.csv"}
transform:
  steps:
    - type: function
      module: code/step.ts
      export: tryAll
      params: ${JSON.stringify({ places })}
      columns: {attempt: string, escaped: boolean, detail: string}
destination: {type: jsonl, path: out/result.jsonl}
runtime:
  code_access:
    net: ["127.0.0.1:${places.allowed}"]
    env: [ESCAPE_ALLOWED]
tests:
  - name: nothing gets out
    given: {rows: [{id: 1}]}
    expect: {rows: [], schema: {attempt: string}}
`,
  );
}

/** What came of each attempt, as the difference from no rows at all tells it. */
async function testedOutcomes({ places, folder }: World): Promise<Map<string, string>> {
  const tested = await cli(["test", places.recipe, "--json"], { cwd: folder, env: ENV });
  assert.equal(tested.code, 1, tested.stdout + tested.stderr);
  const { mismatches } = JSON.parse(tested.stdout).recipes[0].tests[0].runs[0];
  const { columns, lines } = mismatches.find(({ key }: { key: string }) => key === "rows");
  const [attempt, escaped] = [columns.indexOf("attempt"), columns.indexOf("escaped")];
  return new Map(lines.map(({ cells }: { cells: string[] }) => [cells[attempt], cells[escaped]]));
}

async function outcomes(world: World, args: readonly string[]): Promise<Map<string, Outcome>> {
  const { places, folder } = world;
  const run = await cli(["run", places.recipe, "--json", ...args], { cwd: folder, env: ENV });
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const summary = JSON.parse(run.stdout);
  assert.equal(summary.sandbox, args.length === 0);
  await Deno.remove(`${folder}/other/written.txt`).catch(() => undefined);
  const lines = (await Deno.readTextFile(places.outFile)).trim().split("\n");
  return new Map(lines.map((line) => JSON.parse(line) as Outcome).map((one) => [one.attempt, one]));
}
