import assert from "node:assert/strict";
import type { RunEvent } from "../../../src/observe/events.ts";
import { SummaryBuilder, type SummaryEnd } from "../../../src/observe/summary.ts";

const start: RunEvent = {
  type: "run_started",
  time: 1000,
  recipe: "shop",
  runId: "r1",
  resources: ["orders", "customers"],
};
const began = (resource: string): RunEvent => ({ type: "resource_started", time: 1100, resource });
const batch = (resource: string, rowsRead: number, rowsWritten = rowsRead): RunEvent => ({
  type: "batch_committed",
  time: 1200,
  resource,
  sequence: 1,
  rowsRead,
  rowsWritten,
  bytesRead: rowsRead * 10,
  ...(rowsWritten === rowsRead ? {} : { bytesWritten: rowsWritten }),
  durationMs: 5,
});
const done = (
  resource: string,
  rest: Partial<Extract<RunEvent, { type: "resource_finished" }>> = {},
): RunEvent => ({
  type: "resource_finished",
  time: 1900,
  resource,
  status: "succeeded",
  durationMs: 800,
  ...rest,
});
const error = { name: "ConnectorError", code: "X", message: "no" };

function summarize(events: RunEvent[], end: SummaryEnd = { time: 3000 }) {
  const builder = new SummaryBuilder();
  for (const event of events) builder.add(event);
  return builder.build(end);
}

Deno.test("the summary is exactly what its events say", () => {
  const summary = summarize([
    start,
    {
      type: "plan",
      time: 1050,
      resource: "orders",
      source: "data/*.csv (csv)",
      destination: "shop.duckdb: orders",
      writeMode: "merge",
      statements: ["a"],
      warnings: [],
    },
    began("orders"),
    { type: "resumed", time: 1100, resource: "orders", runId: "r0", sequence: 4 },
    {
      type: "schema_changed",
      time: 1150,
      resource: "orders",
      changes: [
        { kind: "none", description: "nothing" },
        { kind: "add_column", column: "x", statement: "ALTER …", description: "adds x" },
      ],
    },
    batch("orders", 100, 90),
    { type: "retry", time: 1, resource: "orders", attempt: 1, delayMs: 5, error },
    {
      type: "rows_rejected",
      time: 1,
      resource: "orders",
      by: "rules",
      rows: 1,
      reason: "a",
      quarantine: "_q",
    },
    { type: "rows_rejected", time: 1, resource: "orders", by: "schema", rows: 1, reason: "bad date" },
    {
      type: "rows_rejected",
      time: 1,
      resource: "orders",
      by: "rules",
      rows: 1,
      reason: "b",
      quarantine: "_q",
    },
    batch("orders", 50),
    {
      type: "state_saved",
      time: 1,
      resource: "orders",
      location: ".state/shop.json",
      revision: 2,
      sequence: 6,
      cursorValues: { id: "150" },
      watermarks: {},
    },
    { type: "progress", time: 1, resource: "orders", rows: 150 },
    done("orders"),
    began("customers"),
    done("customers", { nothingToDo: true, durationMs: 3 }),
  ], { time: 3000, peakMemoryBytes: 5_000_000 });
  assert.deepEqual(summary, {
    recipe: "shop",
    run_id: "r1",
    status: "succeeded",
    rows_read: 150,
    rows_written: 140,
    rows_rejected: 3,
    bytes_read: 1500,
    bytes_written: 90,
    batches: 2,
    duration_ms: 2000,
    rows_per_second: 75,
    started_at: "1970-01-01T00:00:01.000Z",
    peak_memory_bytes: 5_000_000,
    resumed: true,
    nothing_to_do: false,
    sandbox: false,
    coercions: [],
    schema_changes: [{ resource: "orders", kind: "add_column", column: "x", description: "adds x" }],
    resources: [
      {
        name: "orders",
        status: "succeeded",
        source: "data/*.csv (csv)",
        destination: "shop.duckdb: orders",
        write_mode: "merge",
        rows_read: 150,
        rows_written: 140,
        rows_rejected: 3,
        rejections: [
          { by: "rules", rows: 2, reason: "a", quarantine: "_q" },
          { by: "schema", rows: 1, reason: "bad date" },
        ],
        bytes_read: 1500,
        bytes_written: 90,
        batches: 2,
        retries: 1,
        duration_ms: 800,
        nothing_to_do: false,
        resumed: { run_id: "r0", sequence: 4 },
      },
      {
        name: "customers",
        status: "succeeded",
        rows_read: 0,
        rows_written: 0,
        rows_rejected: 0,
        batches: 0,
        retries: 0,
        duration_ms: 3,
        nothing_to_do: true,
      },
    ],
    state: {
      location: ".state/shop.json",
      revision: 2,
      sequence: 6,
      cursor_values: { id: "150" },
      watermarks: {},
    },
  });
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
  assert.deepEqual(structuredClone(summary), summary);
});

const outcomes: [
  name: string,
  events: RunEvent[],
  end: SummaryEnd,
  status: string,
  resources: string[],
  error?: string,
][] = [
  ["all succeed", [start, done("orders"), done("customers")], { time: 2000 }, "succeeded", [
    "succeeded",
    "succeeded",
  ]],
  [
    "one of two fails",
    [start, done("orders", { status: "failed", error }), done("customers")],
    { time: 2000 },
    "partial",
    ["failed", "succeeded"],
    "no",
  ],
  [
    "both fail",
    [start, done("orders", { status: "failed", error }), done("customers", { status: "failed" })],
    { time: 2000 },
    "failed",
    ["failed", "failed"],
    "no",
  ],
  [
    "stopped by a signal",
    [start, done("orders"), began("customers")],
    { time: 2000, error: { name: "EngineError", code: "INTERRUPTED", message: "stopped" } },
    "failed",
    ["succeeded", "failed"],
    "stopped",
  ],
  [
    "stopped before a resource began",
    [start, done("orders", { status: "failed", error })],
    { time: 2000 },
    "failed",
    ["failed", "skipped"],
    "no",
  ],
  [
    "failed before anything",
    [{ ...start, resources: [] }],
    { time: 2000, error },
    "failed",
    [],
    "no",
  ],
];
for (const [name, events, end, status, resources, message] of outcomes) {
  Deno.test(`the status when ${name}`, () => {
    const summary = summarize(events, end);
    assert.equal(summary.status, status);
    assert.deepEqual(summary.resources.map((resource) => resource.status), resources);
    assert.equal(summary.error?.message, message);
    assert.equal("error" in summary, message !== undefined);
  });
}

Deno.test("nothing to do is said only if no resource had anything", () => {
  const idle = { nothingToDo: true };
  assert.equal(summarize([start, done("orders", idle), done("customers", idle)]).nothing_to_do, true);
  assert.equal(summarize([start, done("orders", idle), done("customers")]).nothing_to_do, false);
});

Deno.test("the state from before the run is shown where the run saved none", () => {
  const state = { location: "x", revision: 1, sequence: 1, cursor_values: {}, watermarks: {} };
  assert.deepEqual(summarize([start], { time: 2000, state }).state, state);
  assert.equal(summarize([start]).state, null);
});
