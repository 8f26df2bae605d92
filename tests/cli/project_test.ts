import assert from "node:assert/strict";
import { DUCKDB_VERSION, VERSION } from "../../src/version.ts";
import { callCli, Project, transcript } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

Deno.test("init makes a project whose recipe runs at once, and again loads nothing", async () => {
  await using project = await Project.create();
  const args = ["init", "demo"];
  const called = await project.call(args);
  assert.equal(called.code, 0, called.stderr);
  await assertSnapshot("init", transcript(args, called), { dir: project.dir });
  const run = (...args: string[]) => callCli(args, { cwd: project.path("demo") });
  assert.equal((await run("validate", ".")).code, 0);
  const first = await run("run", "recipes/hello.yaml", "--json");
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual([JSON.parse(first.stdout).rows_read, JSON.parse(first.stdout).rows_written], [6, 5]);
  const second = JSON.parse((await run("run", "recipes/hello.yaml", "--json")).stdout);
  assert.deepEqual([second.status, second.rows_written], ["succeeded", 0]);
});

Deno.test("init keeps what is there; --force replaces it", async () => {
  await using project = await Project.create({ "README.md": "mine", ".gitignore": "mine" });
  const called = await project.call(["init"]);
  assert.equal(called.code, 0);
  assert.match(called.stdout, /kept +README\.md/);
  assert.equal(await project.read("README.md"), "mine");
  await project.call(["init", "--force"]);
  assert.notEqual(await project.read("README.md"), "mine");
});

Deno.test("init says which file it can't write", async () => {
  await using project = await Project.create({ "recipes": "a file, not a directory" });
  const called = await project.call(["init"]);
  assert.equal(called.code, 2);
  assert.match(called.stderr, /FILE_UNWRITABLE[\s\S]*hello\.yaml/);
});

Deno.test("version, and the constants are those of deno.json", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assert.equal(VERSION, config.version);
  assert.match(config.imports["@duckdb/node-api"], new RegExp(`@${RegExp.escape(DUCKDB_VERSION)}-`));
  assert.equal((await callCli(["version"])).stdout, `dataloader ${VERSION}\n`);
  assert.equal((await callCli(["--version"])).stdout, `${VERSION}\n`);
  const json = JSON.parse((await callCli(["version", "--json"])).stdout);
  assert.deepEqual([json.version, json.duckdb, json.deno], [VERSION, DUCKDB_VERSION, Deno.version.deno]);
});
