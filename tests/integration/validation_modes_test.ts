/** `validation` in each way of writing: with `--limit`, in merges of each strategy, and in versions by `scd2`. */
import assert from "node:assert/strict";
import { sql } from "./database.ts";
import { recipe, reconcile, trial } from "./validation_trial.ts";

const SOURCE = "{type: csv, path: in.csv}";
const POSITIVE = "\n    - {column: id, min: 0}\n";
const UNIQUE = "\n    - {column: email, unique: true}\n";
const QUARANTINE = "on_error: quarantine\n  quarantine_table: bad";

function merge(strategy: string): string {
  return `{type: duckdb, database: o.duckdb, table: t, write_mode: merge, merge_keys: [id], strategy: ${strategy}}`;
}

Deno.test("unique and --limit: only rows that are read count, among those that are there", () =>
  trial({
    "in.csv": "id,email\n1,a\n2,a\n3,b\n4,c\n5,b\n",
    "r.yaml": recipe({ rules: UNIQUE, validation: "on_error: skip", source: SOURCE }),
  }, async (it) => {
    const first = await it.run({ limit: 3 });
    reconcile(first);
    assert.deepEqual([first.rows_read, first.rows_written, first.rows_rejected], [3, 2, 1]);
    assert.equal(await it.ids(), "1,3");
    // A limited run does not move the position: the same rows again, which are there now.
    const again = await it.run({ limit: 4 });
    reconcile(again);
    assert.deepEqual([again.rows_read, again.rows_written, again.rows_rejected], [4, 1, 3]);
    assert.equal(await it.ids(), "1,3,4");
  }));

Deno.test("--limit counts rows of the source, before steps and rules", () =>
  trial({
    "in.csv": `id,email\n${Array.from({ length: 5000 }, (_, i) => `${i - 1},e${i}`).join("\n")}\n`,
    "r.yaml": recipe({
      rules: POSITIVE,
      validation: "on_error: skip",
      source: SOURCE,
      top: "transform: {steps: [{type: filter, where: id <> 1}]}",
    }),
  }, async (it) => {
    const summary = await it.run({ limit: 5 });
    assert.equal(summary.error, undefined, summary.error?.message);
    // -1 breaks the rule, 1 is filtered.
    assert.equal(await it.ids(), "0,2,3");
    assert.deepEqual([summary.rows_read, summary.rows_written, summary.rows_rejected], [5, 3, 1]);
  }));

for (const strategy of ["upsert", "delete_insert", "insert_only"]) {
  Deno.test(`merge by ${strategy}: a row in quarantine neither changes nor removes the one that is there`, () =>
    trial({
      "in.csv": "id,v\n1,10\n2,20\n",
      "r.yaml": recipe({
        rules: "\n    - {column: v, min: 0}\n",
        validation: QUARANTINE,
        source: SOURCE,
        destination: merge(strategy),
      }),
    }, async (it) => {
      reconcile(await it.run());
      await it.write({ "in.csv": "id,v\n1,-1\n2,21\n3,-3\n4,40\n" });
      const summary = await it.run();
      assert.equal(summary.error, undefined, summary.error?.message);
      assert.equal(summary.rows_rejected, 2);
      assert.deepEqual(
        await it.rows("SELECT id::INTEGER, v::INTEGER FROM t ORDER BY id"),
        [[1, 10], [2, strategy === "insert_only" ? 20 : 21], [4, 40]],
      );
      assert.deepEqual(await it.rows("SELECT row ->> 'id' FROM bad ORDER BY 1"), [["1"], ["3"]]);
    }));
}

Deno.test("merge: of two rows with one key the good one is taken, though the bad one comes last", () =>
  trial({
    "in.csv": "id,v\n1,10\n1,-1\n",
    "r.yaml": recipe({
      rules: "\n    - {column: v, min: 0}\n",
      validation: QUARANTINE,
      source: SOURCE,
      destination: merge("upsert"),
    }),
  }, async (it) => {
    const summary = await it.run();
    reconcile(summary);
    assert.deepEqual(await it.rows("SELECT id::INTEGER, v::INTEGER FROM t"), [[1, 10]]);
    assert.deepEqual(await it.rows("SELECT row ->> 'v' FROM bad"), [["-1"]]);
  }));

Deno.test("merge: a rule that demands the key comes before the merge that demands it", () =>
  trial({
    "in.csv": "id,v\n1,10\n,20\n",
    "r.yaml": recipe({
      rules: "\n    - {column: id, required: true}\n",
      validation: QUARANTINE,
      source: SOURCE,
      destination: merge("upsert"),
    }),
  }, async (it) => {
    const summary = await it.run();
    assert.equal(summary.error, undefined, summary.error?.message);
    reconcile(summary);
    assert.equal(await it.ids(), "1");
  }));

Deno.test("scd2: a row in quarantine makes no version and ends none; a good one does", () =>
  trial({
    "in.csv": "id,v\n1,10\n2,20\n",
    "r.yaml": recipe({
      rules: "\n    - {column: v, min: 0}\n",
      validation: QUARANTINE,
      source: SOURCE,
      destination: merge("scd2"),
    }),
  }, async (it) => {
    const versions = () =>
      it.rows("SELECT id::INTEGER, v::INTEGER, _valid_to IS NULL FROM t ORDER BY id, _valid_from");
    reconcile(await it.run());
    await it.write({ "in.csv": "id,v\n1,-1\n2,21\n" });
    const bad = await it.run();
    assert.equal(bad.error, undefined, bad.error?.message);
    assert.deepEqual([bad.rows_read, bad.rows_rejected], [2, 1]);
    assert.deepEqual(await versions(), [[1, 10, true], [2, 20, false], [2, 21, true]]);
    assert.deepEqual(await it.rows("SELECT row ->> 'id', row ->> 'v' FROM bad"), [["1", "-1"]]);
    await it.write({ "in.csv": "id,v\n1,11\n2,21\n" });
    assert.equal((await it.run()).rows_rejected, 0);
    assert.deepEqual(await versions(), [[1, 10, false], [1, 11, true], [2, 20, false], [2, 21, true]]);
  }));

Deno.test("scd2 and unique: the versions that ended do not count, those of the same key neither", () =>
  trial({
    "in.csv": "id,email\n1,a\n2,b\n",
    "r.yaml": recipe({
      rules: UNIQUE,
      validation: QUARANTINE,
      source: SOURCE,
      destination: merge("scd2"),
    }),
  }, async (it) => {
    const current = () => it.rows("SELECT id::INTEGER, email FROM t WHERE _valid_to IS NULL ORDER BY id");
    reconcile(await it.run());
    // 1 has another address now; 3 may have the one that 1 had.
    await it.write({ "in.csv": "id,email\n1,c\n" });
    assert.equal((await it.run()).rows_rejected, 0);
    await it.write({ "in.csv": "id,email\n3,a\n4,b\n" });
    const summary = await it.run();
    assert.equal(summary.error, undefined, summary.error?.message);
    assert.deepEqual(await it.rows("SELECT row ->> 'id' FROM bad"), [["4"]]);
    assert.deepEqual(await current(), [[1, "c"], [2, "b"], [3, "a"]]);
  }));

Deno.test("scd2 and unique: into a table that has no versions yet", () =>
  trial({
    "in.csv": "id,email\n2,a\n3,b\n",
    "r.yaml": recipe({
      rules: UNIQUE,
      validation: QUARANTINE,
      source: SOURCE,
      destination: merge("scd2"),
    }),
  }, async (it) => {
    await sql(
      `ATTACH '${it.home}/o.duckdb' AS db`,
      "CREATE TABLE db.t AS SELECT 1::BIGINT AS id, 'a' AS email",
    );
    const summary = await it.run();
    assert.equal(summary.error, undefined, summary.error?.message);
    assert.deepEqual(await it.rows("SELECT row ->> 'id' FROM bad"), [["2"]]);
    assert.equal(await it.ids(), "1,3");
  }));

Deno.test("references.resource is refused with what to write in its place, until there are resources", () =>
  trial({
    "r.yaml": recipe({ rules: "\n    - {column: id, references: {resource: people, column: id}}\n" }),
  }, async (it) => {
    await assert.rejects(it.run(), { code: "NOT_BUILT_YET", hint: /references: \{table/ });
  }));
