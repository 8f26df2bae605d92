/** The table of evolution cases against every destination that is at hand. */
import assert from "node:assert/strict";
import type { RunSummary } from "../../../src/observe/mod.ts";
import { EVOLUTION_CASES, type EvolutionCase } from "./cases.ts";
import { load } from "./run.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import {
  type Content,
  duckdbTarget,
  type EvolutionTarget,
  parquetTarget,
  postgresTarget,
} from "./targets.ts";

for (const target of [duckdbTarget, parquetTarget]) {
  for (const one of EVOLUTION_CASES) {
    if (one.only === (target.table ? "files" : "tables")) continue;
    Deno.test(`evolution, ${target.name}: ${one.name}`, () => runCase(target, one));
  }
}

postgresTest("evolution, postgres", async (server, t) => {
  const target = postgresTarget(server.url({ database: await server.createDatabase() }));
  for (const one of EVOLUTION_CASES) {
    if (one.only !== "files") await t.step(one.name, () => runCase(target, one));
  }
});

async function runCase(target: EvolutionTarget, one: EvolutionCase): Promise<void> {
  const expected = {
    ...one,
    ...target.table ? {} : one.files,
    ...target.name === "postgres" ? one.postgres : {},
  };
  const folder = await Deno.makeTempDir({ prefix: "dataloader_evolution_" });
  try {
    if (one.prepare !== undefined) await target.prepare(folder, one.prepare);
    for (const spec of one.loads.slice(0, -1)) {
      const { error } = await load(target, folder, spec);
      assert.equal(error, undefined, `an earlier load: ${JSON.stringify(error)}`);
    }
    const before = one.loads.length > 1 ? await target.read(folder) : undefined;
    const summary = await load(target, folder, one.loads.at(-1)!);
    if (expected.error !== undefined) {
      assert.equal(summary.error?.code, expected.error, JSON.stringify(summary.error));
      assert.ok(summary.error!.hint, "the error says what to do");
      if (expected.says !== undefined) assert.match(summary.error!.message, expected.says);
      assert.equal(summary.rows_written, 0);
      if (before !== undefined) assert.deepEqual(await target.read(folder), before, "nothing has changed");
      return;
    }
    assert.equal(summary.error, undefined, JSON.stringify(summary.error));
    const content = await target.read(folder);
    assert.deepEqual(Object.fromEntries(content.columns.map(splitColumn)), expected.columns);
    assert.deepEqual(inOrder(content, Object.keys(expected.columns!)), expected.rows);
    checkSummary(summary, expected);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function checkSummary(summary: RunSummary, expected: EvolutionCase): void {
  assert.equal(summary.rows_rejected, expected.rejected ?? 0, "rows rejected");
  assert.equal(summary.rows_read, summary.rows_written + summary.rows_rejected, "counts reconcile");
  if (expected.changes !== undefined) {
    const changes = summary.schema_changes.map(({ kind, column }) => `${kind} ${column}`);
    assert.deepEqual(changes, expected.changes);
  }
  if (expected.coerced !== undefined) {
    const coerced = summary.coercions.map((one) =>
      `${one.column} ${one.changed}/${one.lost}/${one.moved ?? 0}`
    );
    assert.deepEqual(coerced, expected.coerced);
  }
}

function splitColumn(column: string): [string, string] {
  const found = /^(.*?) (struct<.*>|array<.*>|\S+)$/.exec(column)!;
  return [found[1]!, found[2]!];
}

function inOrder(content: Content, columns: readonly string[]): (string | null)[][] {
  const names = content.columns.map((column) => splitColumn(column)[0]);
  const rows = content.rows.map((row) => columns.map((column) => row[names.indexOf(column)] ?? null));
  return rows.sort((a, b) => (a[0] ?? "") < (b[0] ?? "") ? -1 : 1);
}
