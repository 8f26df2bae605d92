/** SQL tries to get out of a run: by a plug-in that holds the engine's session, and by the expressions of a recipe. */
import assert from "node:assert/strict";
import { cli } from "../integration/cli.ts";
import { makeWorld, SECRET, type World } from "./world.ts";

/**
 * Statements by what they try; the last one is what must be refused. `free` tells where even without walls nothing can
 * happen here, and why.
 */
interface SqlAttempt {
  readonly statements: readonly string[];
  readonly hopeless?: string;
}

function attemptsIn({ places, folder }: World): Record<string, SqlAttempt> {
  const { secretFile: secret, otherFolder: other, inFolder } = places;
  const one = (statement: string, hopeless?: string): SqlAttempt => ({ statements: [statement], hopeless });
  const http = `http://127.0.0.1:${places.refused}/x.csv`;
  return {
    "read_text": one(`SELECT * FROM read_text('${secret}')`),
    "read_blob": one(`SELECT * FROM read_blob('${secret}')`),
    "read_csv": one("SELECT * FROM read_csv('/etc/passwd', delim = ':', header = false)"),
    "read_json": one(`SELECT * FROM read_json('${folder}/.state/other.json')`),
    "sniff_csv": one("SELECT * FROM sniff_csv('/etc/passwd', delim = ':')"),
    "a table named by a file": one(`SELECT * FROM '${folder}/secret/secret.csv'`),
    "query()": one(`SELECT * FROM query('FROM read_text(''${secret}'')')`),
    "/proc/self/environ": one("SELECT * FROM read_blob('/proc/self/environ')"),
    "glob": one("SELECT * FROM glob('/*')"),
    "..": one(`SELECT * FROM read_text('${inFolder}/../secret/secret.txt')`),
    "a link": one(`SELECT * FROM read_text('${folder}/link.txt')`),
    "COPY TO": one(`COPY (SELECT 1) TO '${other}/copied.csv'`),
    "COPY TO over the recipe": one(`COPY (SELECT 1) TO '${other}/recipe.yaml' (FORMAT csv)`),
    "COPY TO beside the destination": one(`COPY (SELECT 1) TO '${places.outFile}.other' (FORMAT csv)`),
    "COPY FROM": {
      statements: ["CREATE TEMP TABLE t (x VARCHAR)", `COPY t FROM '${folder}/secret/secret.csv'`],
    },
    "EXPORT DATABASE": one(`EXPORT DATABASE '${other}/exported'`),
    "ATTACH": one(`ATTACH '${other}/new.duckdb' AS n1`),
    "ATTACH of a source of another recipe": one(`ATTACH '${folder}/out/sealed.duckdb' AS n2 (READ_ONLY)`),
    "INSTALL": one("INSTALL httpfs", "extensions are not found without a network, and not fetched"),
    "LOAD": one(`LOAD '${other}/x.duckdb_extension'`, "there is no such extension to load"),
    "http": one(`SELECT * FROM read_csv('${http}')`, "the extension for it does not ship"),
    "ATTACH of http": one(`ATTACH '${http}' AS n3`, "the extension for it does not ship"),
    "getenv": one("SELECT getenv('ESCAPE_SECRET')", "the function is that of DuckDB's own shell"),
    "SET enable_external_access": one(
      "SET enable_external_access = true",
      "a running database never takes it",
    ),
    "RESET enable_external_access": one("RESET enable_external_access", "a running database never takes it"),
    "SET allowed_directories": one("SET allowed_directories = ['/']"),
    "RESET allowed_paths": one("RESET allowed_paths"),
    "SET lock_configuration": one("SET lock_configuration = false"),
    "RESET lock_configuration": one("RESET lock_configuration"),
    "PRAGMA lock_configuration": one("PRAGMA lock_configuration = false"),
    "SET GLOBAL": one("SET GLOBAL allowed_configs = ['enable_external_access']"),
    "SET temp_directory": one(`SET temp_directory = '${other}'`),
    "SET profiling_output": one(`SET profiling_output = '${other}/profile.json'`),
    "SET home_directory": one(`SET home_directory = '${other}'`),
    "SET secret_directory": one(`SET secret_directory = '${other}'`),
    "SET threads": one("SET threads = 7"),
    "SET extension_directory": one(`SET extension_directory = '${other}'`),
    "duckdb_secrets": {
      statements: ["SELECT * FROM duckdb_secrets()"],
    },
    "CREATE PERSISTENT SECRET": one(
      `CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')`,
      "the extension for it does not ship",
    ),
    "IMPORT DATABASE": one(`IMPORT DATABASE '${other}/exported'`),
    "parquet_metadata": one("SELECT * FROM parquet_metadata('/etc/passwd')", "it is no Parquet file"),
    "/dev/stdout": one("COPY (SELECT 1) TO '/dev/stdout'"),
    "the recipe's state": one(`SELECT * FROM read_text('${folder}/.state/*.json')`),
  };
}

Deno.test({
  name: "escape attempts of a plug-in's SQL",
  ignore: Deno.build.os === "windows",
  async fn(t) {
    await using world = await makeWorld();
    const { folder, places } = world;
    await Deno.symlink(places.secretFile, `${folder}/link.txt`);
    const attempts = attemptsIn(world);
    const statements = Object.fromEntries(
      Object.entries(attempts).map(([name, one]) => [name, one.statements]),
    );
    const recipe = `${folder}/sql.yaml`;
    const text = `
name: sql
plugins: [code/sql_source.ts]
source: {type: sql_attempts, attempts: ${JSON.stringify(statements)}}
destination: {type: jsonl, path: out/result.jsonl}
`;
    await Deno.writeTextFile(recipe, text);
    const free = await outcomes(world, recipe, ["--no-sandbox"]);
    for await (const { name } of Deno.readDir(places.otherFolder)) {
      if (!["module.ts", "worker.ts", "socket", "exported"].includes(name)) {
        await Deno.remove(`${places.otherFolder}/${name}`);
      }
    }
    const walled = await outcomes(world, recipe, []);
    for (const [name, { hopeless }] of Object.entries(attempts)) {
      await t.step(name, () => {
        assert.notEqual(walled.get(name), undefined, "it was tried");
        assert.notEqual(walled.get(name), "worked", "it got out");
        if (hopeless === undefined) assert.equal(free.get(name), "worked", "without walls it must work");
      });
    }
    await t.step("nothing was written outside", async () => {
      const names = (await Array.fromAsync(Deno.readDir(places.otherFolder))).map(({ name }) => name);
      assert.deepEqual(names.sort(), ["exported", "module.ts", "socket", "worker.ts"]);
    });
  },
});

async function outcomes(world: World, recipe: string, args: string[]): Promise<Map<string, string>> {
  const env = { ESCAPE_SECRET: "hidden" };
  await Deno.remove(`${world.folder}/out/sealed.duckdb`).catch(() => undefined);
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(`${world.folder}/out/sealed.duckdb`);
  instance.closeSync();
  const run = await cli(["run", recipe, "--json", ...args], { cwd: world.folder, env });
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const lines = (await Deno.readTextFile(world.places.outFile)).trim().split("\n");
  return new Map(lines.map((line) => JSON.parse(line)).map(({ attempt, outcome }) => [attempt, outcome]));
}

/** Parts of a recipe that hold SQL; `$READ` stands for an expression that reads the secret. */
const EXPRESSIONS: Record<string, { steps?: string; source?: string }> = {
  "a sql step": { steps: '[{type: sql, query: "SELECT *, $READ AS s FROM {input}"}]' },
  "a sql step's table": { steps: "[{type: sql, query: \"SELECT * FROM {input}, read_text('$FILE')\"}]" },
  "a sql step's file name": { steps: "[{type: sql, query: \"SELECT * FROM {input}, '$CSV'\"}]" },
  "a filter": { steps: '[{type: filter, where: "$READ IS NOT NULL"}]' },
  "add_column": { steps: '[{type: add_column, name: s, expression: "$READ"}]' },
  "a source's query": { source: '{type: duckdb, database: in/db.duckdb, query: "SELECT $READ AS s"}' },
  "a source's query of a file": {
    source: "{type: duckdb, database: in/db.duckdb, query: \"SELECT * FROM read_text('$FILE')\"}",
  },
};

for (const [name, { steps, source }] of Object.entries(EXPRESSIONS)) {
  Deno.test(`SQL of a recipe that reads another file: ${name}`, async () => {
    await using world = await makeWorld();
    const { folder, places } = world;
    const { DuckDBInstance } = await import("@duckdb/node-api");
    (await DuckDBInstance.create(`${folder}/in/db.duckdb`)).closeSync();
    const fill = (text: string) =>
      text.replaceAll("$READ", `(SELECT content FROM read_text('${places.secretFile}'))`)
        .replaceAll("$FILE", places.secretFile).replaceAll("$CSV", `${folder}/secret/secret.csv`);
    const recipe = `${folder}/expression.yaml`;
    await Deno.writeTextFile(
      recipe,
      `
name: expression
source: ${source === undefined ? "{type: csv, path: in/rows.csv}" : fill(source)}
transform: {steps: ${fill(steps ?? "[]")}}
destination: {type: jsonl, path: out/result.jsonl}
`,
    );
    const walled = await cli(["run", recipe, "--json"], { cwd: folder });
    assert.equal(walled.code, 1, walled.stdout);
    assert.doesNotMatch(walled.stdout + walled.stderr, new RegExp(SECRET));
    assert.match(
      JSON.parse(walled.stdout).error.message,
      /its recipe does not name it/,
    );
    for (const command of ["plan", "preview"]) {
      const looked = await cli([command, recipe], { cwd: folder });
      assert.notEqual(looked.code, 0, `${command}: ${looked.stdout}`);
      assert.doesNotMatch(looked.stdout + looked.stderr, new RegExp(SECRET), command);
    }
    const free = await cli(["run", recipe, "--json", "--no-sandbox"], { cwd: folder });
    assert.equal(free.code, 0, `without walls it must work: ${free.stdout}`);
  });
}

Deno.test({
  name: "a link among the files of a glob leads out: the run reads nothing of it",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using world = await makeWorld();
    const { folder } = world;
    await Deno.writeTextFile(`${folder}/secret/ids.csv`, `id\n${SECRET}\n`);
    await Deno.symlink(`${folder}/secret/ids.csv`, `${folder}/in/linked.csv`);
    const recipe = `${folder}/glob.yaml`;
    await Deno.writeTextFile(
      recipe,
      'name: glob\nsource: {type: csv, path: "in/*.csv"}\ndestination: {type: jsonl, path: out/result.jsonl}\n',
    );
    const walled = await cli(["run", recipe, "--json"], { cwd: folder });
    assert.equal(walled.code, 1, walled.stdout);
    assert.equal(JSON.parse(walled.stdout).error.code, "PERMISSION_DENIED");
    assert.doesNotMatch(walled.stdout + walled.stderr, new RegExp(SECRET));
    const free = await cli(["run", recipe, "--json", "--no-sandbox"], { cwd: folder });
    assert.equal(free.code, 0, free.stdout);
  },
});
