import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import type { RunEvent } from "../../../src/observe/events.ts";
import { type ProgressState, renderProgress } from "../../../src/observe/progress.ts";
import { ProgressTracker, type ResourceProgress } from "../../../src/observe/progress_state.ts";
import { cutText, textWidth } from "../../../src/observe/text_width.ts";

const running: ResourceProgress = {
  name: "orders",
  status: "running",
  rows: 1_200_000,
  bytes: 350_000_000,
  fraction: 0.42,
  rowsPerSecond: 98_000,
  elapsedMs: 64_400,
  remainingMs: 88_000,
};
const one = (resource: Partial<ResourceProgress>): ProgressState => ({
  recipe: "shop",
  elapsedMs: 64_400,
  resources: [{ ...running, ...resource }],
});

const widths: [width: number, line: string][] = [
  [120, "› orders  ████████░░░░░░░░░░░░  42%  1.2 M rows  350 MB  98 k rows/s  1m 04s  ETA 1m 28s"],
  [70, "› orders  42%  1.2 M rows  350 MB  98 k rows/s  1m 04s  ETA 1m 28s"],
  [60, "› orders  42%  1.2 M rows  98 k rows/s  1m 04s  ETA 1m 28s"],
  [50, "› orders  42%  1.2 M rows  1m 04s  ETA 1m 28s"],
  [40, "› orders  42%  1.2 M rows  ETA 1m 28s"],
  [26, "› orders  42%  1.2 M rows"],
  [20, "› orders  1.2 M rows"],
  [12, "› orders"],
  [5, "› or…"],
  [1, "…"],
];
for (const [width, line] of widths) {
  Deno.test(`progress on ${width} columns`, () => {
    assert.deepEqual(renderProgress(one({}), { width, color: false }), [line]);
  });
}

const states: [name: string, resource: Partial<ResourceProgress>, line: string][] = [
  ["waiting", { status: "waiting" }, "· orders"],
  [
    "without a total",
    { fraction: undefined, remainingMs: undefined },
    "› orders  1.2 M rows  350 MB  98 k rows/s  1m 04s",
  ],
  [
    "just begun",
    { fraction: 0, rows: 0, bytes: 0, elapsedMs: 0, remainingMs: undefined, rowsPerSecond: 0 },
    `› orders  ${"░".repeat(20)}  0%  0 rows  0ms`,
  ],
  [
    "one row",
    { rows: 1, fraction: undefined, bytes: 0, remainingMs: undefined, rowsPerSecond: undefined },
    "› orders  1 row  1m 04s",
  ],
  [
    "retrying",
    { note: "retry 2 in 4s", fraction: undefined, remainingMs: undefined, bytes: 0 },
    "› orders  1.2 M rows  98 k rows/s  1m 04s  retry 2 in 4s",
  ],
  [
    "done",
    { status: "succeeded", fraction: 1, remainingMs: undefined },
    "✓ orders  1.2 M rows  350 MB  98 k rows/s  1m 04s",
  ],
  [
    "failed",
    { status: "failed", fraction: undefined, remainingMs: undefined, bytes: 0 },
    "✗ orders  1.2 M rows  98 k rows/s  1m 04s",
  ],
];
for (const [name, resource, line] of states) {
  Deno.test(`progress of a resource ${name}`, () => {
    assert.deepEqual(renderProgress(one(resource), { width: 120, color: false }), [line]);
  });
}

Deno.test("several resources are aligned, and the run is summed up below", () => {
  const state: ProgressState = {
    recipe: "shop",
    elapsedMs: 64_400,
    resources: [
      { ...running, fraction: undefined, remainingMs: undefined, bytes: 0 },
      {
        ...running,
        name: "客户",
        remainingMs: undefined,
        status: "succeeded",
        rows: 10,
        bytes: 0,
        rowsPerSecond: 100,
        elapsedMs: 100,
      },
      {
        ...running,
        name: "returns",
        remainingMs: undefined,
        status: "failed",
        rows: 0,
        bytes: 0,
        rowsPerSecond: 0,
        elapsedMs: 2000,
      },
    ],
  };
  assert.deepEqual(renderProgress(state, { width: 100, color: false }), [
    "› orders   1.2 M rows  98 k rows/s  1m 04s",
    "✓ 客户     10 rows  100 rows/s  100ms",
    "✗ returns  0 rows  2.0s",
    "  2/3 done  1 failed  1.2 M rows  1m 04s",
  ]);
  assert.deepEqual(renderProgress(state, { width: 100, color: false, maxLines: 3 }), [
    "› orders  1.2 M rows  98 k rows/s  1m 04s",
    "  … and 2 more",
    "  2/3 done  1 failed  1.2 M rows  1m 04s",
  ]);
});

Deno.test("colours add nothing but colour", () => {
  const render = (color: boolean) => renderProgress(one({}), { width: 120, color })[0]!;
  assert.match(
    render(true).replaceAll("\x1b", "ESC"),
    /^ESC\[36m› ESC\[0mordersESC\[36m {2}█+░+ESC\[0m {2}42%/,
  );
  assert.equal(stripVTControlCharacters(render(true)), render(false));
});

Deno.test("no line is wider than asked, whatever the name and the numbers", () => {
  const resource = fc.record({
    name: fc.string({ unit: "grapheme", maxLength: 50 }),
    status: fc.constantFrom("waiting" as const, "running" as const, "succeeded" as const, "failed" as const),
    rows: fc.nat(2 ** 53),
    bytes: fc.nat(2 ** 53),
    fraction: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    rowsPerSecond: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
    elapsedMs: fc.nat(1e10),
    remainingMs: fc.option(fc.nat(1e12), { nil: undefined }),
    note: fc.option(fc.constant("retry 2 in 4s"), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(resource, { maxLength: 8 }),
      fc.nat(120),
      fc.nat(10),
      (resources, width, maxLines) => {
        const lines = renderProgress({ recipe: "r", elapsedMs: 1, resources }, {
          width,
          maxLines,
          color: false,
        });
        assert.ok(lines.length <= Math.max(1, maxLines), `${lines.length} lines of ${maxLines}`);
        for (const line of lines) {
          assert.ok(textWidth(line) <= width, `${line} is wider than ${width}`);
          assert.doesNotMatch(line, /\p{Cc}/u);
        }
      },
    ),
  );
});

const cuts: [text: string, width: number, cut: string][] = [
  ["orders", 6, "orders"],
  ["orders", 5, "orde…"],
  ["客户数据", 5, "客户…"],
  ["客户数据", 4, "客…"],
  ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ["👨‍👩‍👧‍👦x", 3, "👨‍👩‍👧‍👦x"],
  ["a\tb\x1b[2J", 20, "a b [2J"],
  ["abc", 0, ""],
];
for (const [text, width, cut] of cuts) {
  Deno.test(`${JSON.stringify(text)} cut to ${width} columns`, () => assert.equal(cutText(text, width), cut));
}

Deno.test("events become progress", () => {
  const tracker = new ProgressTracker();
  const at = (time: number) => tracker.at(time).resources[0]!;
  const events: RunEvent[] = [
    { type: "run_started", time: 0, recipe: "shop", runId: "r", resources: ["orders"] },
    {
      type: "plan",
      time: 0,
      resource: "orders",
      source: "a",
      destination: "b",
      writeMode: "append",
      statements: [],
      rows: 1000,
      warnings: [],
    },
  ];
  events.forEach((event) => tracker.add(event));
  assert.equal(at(5000).status, "waiting");
  assert.equal(at(5000).elapsedMs, 0);

  tracker.add({ type: "resource_started", time: 1000, resource: "orders" });
  tracker.add({ type: "progress", time: 2000, resource: "orders", rows: 250, bytes: 99 });
  assert.deepEqual(at(3000), {
    name: "orders",
    status: "running",
    rows: 250,
    bytes: 99,
    elapsedMs: 2000,
    fraction: 0.25,
    rowsPerSecond: 125,
    remainingMs: 6000,
    note: undefined,
  });

  tracker.add({
    type: "batch_committed",
    time: 3000,
    resource: "orders",
    sequence: 1,
    rowsRead: 300,
    rowsWritten: 300,
    bytesRead: 50,
    durationMs: 1,
  });
  assert.deepEqual([at(3000).rows, at(3000).bytes], [300, 99]);
  const error = { name: "Error", message: "x" };
  tracker.add({ type: "retry", time: 3000, resource: "orders", attempt: 1, delayMs: 3500, error });
  assert.equal(at(3000).note, "retry 2 in 4s");
  assert.equal(at(7000).note, "retry 2");
  tracker.add({
    type: "progress",
    time: 8000,
    resource: "orders",
    rows: 900,
    fraction: 0.5,
    rowsPerSecond: 7,
  });
  assert.deepEqual([at(8000).note, at(8000).fraction, at(8000).rowsPerSecond], [undefined, 0.5, 7]);
  tracker.add({
    type: "resource_finished",
    time: 11_000,
    resource: "orders",
    status: "succeeded",
    durationMs: 10_000,
  });
  assert.deepEqual(at(99_000), {
    name: "orders",
    status: "succeeded",
    rows: 900,
    bytes: 99,
    elapsedMs: 10_000,
    fraction: 1,
    rowsPerSecond: 90,
    remainingMs: undefined,
    note: undefined,
  });
});
