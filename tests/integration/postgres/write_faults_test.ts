/** Connections that break, transactions that lose, and rows that are refused, in whole runs of the program. */
import assert from "node:assert/strict";
import { runRecipeFromYaml, type RunSummary } from "../../../src/mod.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { Place } from "./helpers.ts";
import { afterBytes, CuttingProxy, nthText, textAfter } from "./proxy.ts";

const ROWS = 50_000;

interface RunOptions {
  readonly port?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly runtime?: string;
  readonly steps?: string;
}

/** Copies `given` to `t` in ten batches. */
async function copy(place: Place, directory: string, options: RunOptions = {}): Promise<RunSummary> {
  const block = (table: string, port = place.server.port) => {
    const { host, user, password } = place.server.connection();
    return `type: postgres\n  host: ${host}\n  port: ${port}\n  database: ${place.database}\n  user: ${user}\n` +
      `  password: "${password}"\n  table: ${table}\n`;
  };
  await Deno.writeTextFile(
    `${directory}/copy.yaml`,
    `name: copy\nsource:\n  ${block(options.source ?? "given")}destination:\n  ${block("t", options.port)}${
      options.destination ?? ""
    }` +
      `runtime:\n  batch_size: 5000\n  retries: { max_attempts: 4, initial_delay: 10ms, max_delay: 100ms }\n${
        options.runtime ?? ""
      }${options.steps ?? ""}`,
  );
  return await runRecipeFromYaml(`${directory}/copy.yaml`, { stateDir: `${directory}/state` });
}

async function given(place: Place): Promise<void> {
  await place.run(
    `CREATE TABLE given AS SELECT i AS id, md5(i::text) AS v FROM generate_series(1, ${ROWS}) i; ANALYZE given`,
  );
}

const SAME =
  `SELECT (SELECT count(*) FROM t) = ${ROWS} AND NOT EXISTS (SELECT FROM (TABLE given EXCEPT ALL TABLE t) AS d)`;
const NO_LEFTOVERS =
  `SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '\\_dataloader\\_%' AND relname <> '_dataloader_loads'`;

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "dataloader_pg_" });
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const MODES: Record<string, string> = {
  append: "",
  overwrite: "  write_mode: overwrite\n",
  merge: "  write_mode: merge\n  merge_keys: [id]\n",
};

for (const [mode, destination] of Object.entries(MODES)) {
  for (
    const [name, when, deliver] of [
      ["a commit that happened", () => nthText("COMMIT\0", 4), true],
      ["a commit that did not happen", () => nthText("COMMIT\0", 4), false],
      ["the writing of the last position", () => nthText(`"complete":true`, 1), true],
      ["the last commit, which happened", () => textAfter("COMMIT\0", `"complete":true`), true],
      ["in the middle of a COPY", () => afterBytes(700_000), false],
    ] as const
  ) {
    postgresTest(`${mode}: the connection breaks at ${name}; nothing is lost or doubled`, async (server) => {
      const place = await Place.make(server);
      await given(place);
      await inDirectory(async (directory) => {
        await using proxy = new CuttingProxy(server, { when: when(), deliver });
        const summary = await copy(place, directory, { port: proxy.port, destination });
        assert.equal(proxy.cuts, 1, "the connection was cut");
        assert.equal(summary.error, undefined);
        assert.equal(summary.status, "succeeded");
        assert.deepEqual(await place.rows(SAME), ["(t)"]);
        assert.deepEqual([summary.rows_read, summary.rows_written], [ROWS, ROWS]);
        assert.deepEqual(await place.rows(NO_LEFTOVERS), []);
      });
    });
  }
}

postgresTest(
  "a server that does not learn of its lost client is made to let go of the load",
  async (server) => {
    const place = await Place.make(server);
    await given(place);
    await inDirectory(async (directory) => {
      await using proxy = new CuttingProxy(server, {
        when: afterBytes(700_000),
        deliver: false,
        hangs: true,
      });
      const summary = await copy(place, directory, { port: proxy.port });
      assert.equal(proxy.cuts, 1);
      assert.equal(summary.error, undefined);
      assert.deepEqual(await place.rows(SAME), ["(t)"]);
    });
  },
);

postgresTest("a table is not appended to itself; it may be overwritten from itself", async (server) => {
  const place = await Place.make(server);
  await place.run("CREATE TABLE t (id integer, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  await inDirectory(async (directory) => {
    await assert.rejects(copy(place, directory, { source: "t" }), { code: "SAME_TABLE" });
    const overwrite = await copy(place, directory, { source: "t", destination: MODES.overwrite });
    assert.equal(overwrite.error, undefined);
    assert.deepEqual(await place.rows("SELECT * FROM t ORDER BY 1"), ["(1,a)", "(2,b)"]);
  });
});

postgresTest("a deadlock and a serialization failure are tried again", async (server) => {
  const place = await Place.make(server);
  await given(place);
  await place.run(`CREATE TABLE t (id integer, v text); CREATE SEQUENCE tries;
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      CASE nextval('tries') WHEN 2 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '40001';
        WHEN 4 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '40P01'; ELSE END CASE;
      RETURN NULL; END $$;
    CREATE TRIGGER losing AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION lose()`);
  await inDirectory(async (directory) => {
    const summary = await copy(place, directory);
    assert.equal(summary.error, undefined);
    assert.deepEqual(await place.rows(SAME), ["(t)"]);
    assert.deepEqual(await place.rows("SELECT last_value > 10 FROM tries"), ["(t)"]);
  });
});

postgresTest("a session that the server ends is opened again", async (server) => {
  const place = await Place.make(server);
  await given(place);
  await place.run(`CREATE TABLE t (id integer, v text); CREATE SEQUENCE tries;
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('tries') = 3 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;
    CREATE TRIGGER dying AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION die()`);
  await inDirectory(async (directory) => {
    const summary = await copy(place, directory);
    assert.equal(summary.error, undefined);
    assert.deepEqual(await place.rows(SAME), ["(t)"]);
  });
});

for (const mode of ["append", "merge"]) {
  postgresTest(
    `${mode}: rows that are refused go to the dead letter; the others are loaded`,
    async (server) => {
      const place = await Place.make(server);
      await given(place);
      await place.run(`CREATE TABLE t (id integer PRIMARY KEY, v text CHECK (v NOT LIKE 'BAD%'));
      UPDATE given SET v = 'BAD' || id WHERE id IN (1, 17, 4999, 25000, 25001, ${ROWS})`);
      await inDirectory(async (directory) => {
        const summary = await copy(place, directory, {
          destination: MODES[mode],
          runtime: `  dead_letter: { path: ${directory}/bad.jsonl }\n`,
        });
        assert.equal(summary.error, undefined);
        assert.deepEqual([summary.rows_read, summary.rows_written, summary.rows_rejected], [
          ROWS,
          ROWS - 6,
          6,
        ]);
        const lines = (await Deno.readTextFile(`${directory}/bad.jsonl`)).trim().split("\n").map((line) =>
          JSON.parse(line)
        );
        assert.deepEqual(lines.map((line) => line.row.id).sort((a, b) => a - b), [
          1,
          17,
          4999,
          25000,
          25001,
          ROWS,
        ]);
        assert.match(lines[0].error.message, /violates check constraint "t_v_check".*row \d+ of the batch/);
        assert.deepEqual(await place.rows("SELECT count(*), count(*) FILTER (WHERE v LIKE 'BAD%') FROM t"), [
          `(${ROWS - 6},0)`,
        ]);
      });
    },
  );
}

postgresTest("scd2 with a schema makes a table with versions and their index", async (server) => {
  const place = await Place.make(server);
  await given(place);
  await inDirectory(async (directory) => {
    const summary = await copy(place, directory, {
      destination: "  write_mode: merge\n  merge_keys: [id]\n  strategy: scd2\n",
      steps: "schema:\n  columns:\n    - { name: id, type: int32 }\n    - { name: v, type: string }\n",
    });
    assert.equal(summary.error, undefined);
    assert.deepEqual(await place.rows("SELECT count(*), count(_valid_from), count(_valid_to) FROM t"), [
      `(${ROWS},${ROWS},0)`,
    ]);
    assert.deepEqual(await place.rows("SELECT count(*) FROM pg_indexes WHERE indexname = 't_current_idx'"), [
      "(1)",
    ]);
  });
});
