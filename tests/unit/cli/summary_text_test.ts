import assert from "node:assert/strict";
import { renderSummary } from "../../../src/cli/summary_text.ts";
import type { ResourceSummary, RunSummary } from "../../../src/observe/mod.ts";

const resource: ResourceSummary = {
  name: "main",
  status: "succeeded",
  source: "data/*.csv (csv)",
  destination: "out.duckdb: main.t",
  write_mode: "append",
  rows_read: 2_000_000,
  rows_written: 1_999_998,
  rows_rejected: 2,
  rejections: [
    { by: "destination", rows: 1, reason: "id 7 is there already", dead_letter: "rejected.jsonl" },
    { by: "rules", rows: 1, reason: "they break min", quarantine: "_q" },
    { by: "schema", rows: 1, reason: "price is no number" },
  ],
  bytes_read: 350_000_000,
  bytes_written: 90_000_000,
  batches: 20,
  retries: 1,
  duration_ms: 4000,
  nothing_to_do: false,
};

const summary: RunSummary = {
  recipe: "orders",
  run_id: "r",
  status: "succeeded",
  rows_read: 2_000_000,
  rows_written: 1_999_998,
  rows_rejected: 2,
  bytes_read: 350_000_000,
  batches: 20,
  duration_ms: 4000,
  rows_per_second: 500_000,
  started_at: "2024-05-01T00:00:00Z",
  sandbox: true,
  resumed: false,
  nothing_to_do: false,
  schema_changes: [],
  coercions: [],
  resources: [resource],
  state: {
    location: ".state/orders.json",
    revision: 3,
    sequence: 90,
    cursor_values: { id: "7" },
    watermarks: {},
  },
};

const view = { file: "orders.yaml", incremental: true };

Deno.test("a run that held all permissions says so", () => {
  assert.deepEqual(renderSummary({ ...summary, sandbox: false }, view).slice(-1), [
    "  sandbox   none (--no-sandbox): the run held all permissions of the process",
  ]);
  assert.ok(renderSummary(summary, view).every((line) => !line.includes("sandbox")));
});

Deno.test("a run with rejected rows says how many, where, and what to do", () => {
  assert.deepEqual(renderSummary(summary, view), [
    "✓ orders: 1,999,998 rows loaded in 4.0s",
    "  read      2,000,000 rows, 350 MB, 500 k rows/s from data/*.csv (csv)",
    "  written   1,999,998 rows, 90 MB to out.duckdb: main.t (append) in 20 batches",
    "  rejected  1 row to rejected.jsonl (dead letter): id 7 is there already",
    "  rejected  1 row to _q (quarantine)",
    "  rejected  1 row, not kept: price is no number",
    "  retries   1",
    "  state     .state/orders.json, id = 7",
    "  next      see why rows were rejected in rejected.jsonl and _q, mend them and load them",
  ]);
});

Deno.test("headlines", () => {
  const failed = { ...resource, name: "b", status: "failed" as const };
  const none = { rows_read: 0, rows_written: 0, rows_rejected: 0 };
  const cases: [Partial<RunSummary>, Partial<typeof view> & { limit?: number; dryRun?: boolean }, RegExp][] =
    [
      [{ status: "failed" }, {}, /^✗ orders: failed after 4\.0s; 1,999,998 rows were loaded before$/],
      [{ status: "failed", ...none }, {}, /^✗ orders: failed after 4\.0s$/],
      [{ status: "partial", resources: [resource, failed] }, {}, /^! orders: 1 of 2 resources failed/],
      [{ nothing_to_do: true, ...none }, {}, /^✓ orders: nothing new since id 7 \(4\.0s\)$/],
      [{ ...none, rows_read: 1 }, {}, /^✓ orders: nothing new since id 7/],
      [{ ...none, rows_read: 1 }, { incremental: false }, /^✓ orders: 0 rows loaded in/],
      [{}, { dryRun: true }, /^✓ orders: dry run, 2,000,000 rows read in/],
      [{ rows_written: 1 }, {}, /^✓ orders: 1 row loaded in/],
    ];
  for (const [change, look, expected] of cases) {
    assert.match(renderSummary({ ...summary, ...change }, { ...view, ...look })[0]!, expected);
  }
});

Deno.test("several resources are told apart; long texts are wrapped under their label", () => {
  const lines = renderSummary(
    { ...summary, resources: [resource, { ...resource, name: "b", status: "skipped" }] },
    { ...view, columns: 50 },
  );
  assert.ok(lines.includes("  ✓ main succeeded") && lines.includes("  - b skipped"), lines.join("\n"));
  for (const line of lines.join("\n").split("\n")) assert.ok([...line].length <= 50, line);
});
