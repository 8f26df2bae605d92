import assert from "node:assert/strict";
import type { LogLevel } from "../../../src/sdk/mod.ts";
import { createRedactor } from "../../../src/secrets/mod.ts";
import type { RunEvent } from "../../../src/observe/events.ts";
import { createLogs, type LogFormat, type Logs } from "../../../src/observe/logs.ts";
import { SummaryBuilder } from "../../../src/observe/summary.ts";

const TIME = new Date(2024, 4, 1, 9, 5, 7).getTime();

/** What is written while `body` logs. */
function logged(
  options: { format?: LogFormat; level?: LogLevel; color?: boolean; secrets?: string[] },
  body: (logs: Logs) => void,
): string[] {
  let text = "";
  const logs = createLogs({
    format: options.format ?? "text",
    level: options.level ?? "info",
    color: options.color,
    redactor: createRedactor(options.secrets ?? []),
    writer: { write: (part) => text += part },
  });
  try {
    body(logs);
  } finally {
    logs.close();
  }
  assert.ok(text === "" || text.endsWith("\n"));
  return text.split("\n").slice(0, -1);
}

const error = {
  name: "ConnectorError",
  code: "LOST",
  message: "connection lost",
  hint: "check the network",
  location: { file: "a.yaml", line: 3, column: 5 },
};
const summary = new SummaryBuilder().build({ time: TIME });

const events: [event: RunEvent, lines: string[]][] = [
  [
    {
      type: "run_started",
      time: TIME,
      recipe: "shop",
      runId: "r1",
      resources: ["orders"],
      fullRefresh: true,
    },
    ["09:05:07 info run started recipe=shop run_id=r1 full_refresh=true"],
  ],
  [
    {
      type: "plan",
      time: TIME,
      resource: "orders",
      source: "data/*.csv (csv)",
      destination: "shop.duckdb",
      writeMode: "append",
      statements: ["SELECT 1"],
      files: 2,
      warnings: ["time zone is lost"],
    },
    [
      '09:05:07 info planned resource=orders source="data/*.csv (csv)" destination=shop.duckdb write_mode=append files=2',
      '09:05:07 debug will read resource=orders statement="SELECT 1"',
      "09:05:07 warning time zone is lost resource=orders",
    ],
  ],
  [
    { type: "resumed", time: TIME, resource: "orders", runId: "r0", sequence: 3 },
    ["09:05:07 info resumed resource=orders from_run=r0 sequence=3"],
  ],
  [{ type: "resource_started", time: TIME, resource: "orders" }, [
    "09:05:07 debug resource started resource=orders",
  ]],
  [
    { type: "batch_started", time: TIME, resource: "orders", sequence: 4, label: "a b.csv" },
    ['09:05:07 debug batch started resource=orders sequence=4 label="a b.csv"'],
  ],
  [
    { type: "progress", time: TIME, resource: "orders", rows: 5, fraction: 0.5 },
    ["09:05:07 debug progress resource=orders rows=5 fraction=0.5"],
  ],
  [
    {
      type: "batch_committed",
      time: TIME,
      resource: "orders",
      sequence: 4,
      rowsRead: 10,
      rowsWritten: 9,
      bytesRead: 100,
      bytesWritten: 50,
      durationMs: 12.7,
    },
    ["09:05:07 info batch committed resource=orders sequence=4 rows_read=10 rows_written=9 bytes_read=100 bytes_written=50 duration_ms=13"],
  ],
  [
    { type: "retry", time: TIME, resource: "orders", attempt: 1, delayMs: 250.4, error },
    [
      '09:05:07 warning failed, will be tried again resource=orders attempt=1 delay_ms=250 code=LOST error="connection lost" hint="check the network" at=a.yaml:3:5',
    ],
  ],
  [
    {
      type: "schema_changed",
      time: TIME,
      resource: "orders",
      changes: [{ kind: "none", description: "-" }, {
        kind: "add_column",
        column: "x",
        description: "adds x",
      }],
    },
    ['09:05:07 info schema changed resource=orders kind=add_column column=x description="adds x"'],
  ],
  [
    {
      type: "rows_rejected",
      time: TIME,
      resource: "orders",
      by: "destination",
      rows: 2,
      reason: "bad",
      deadLetter: "dead/",
    },
    ["09:05:07 warning rows rejected resource=orders by=destination rows=2 reason=bad dead_letter=dead/"],
  ],
  [
    {
      type: "rows_rejected",
      time: TIME,
      resource: "orders",
      by: "rules",
      rows: 2,
      reason: "bad",
      quarantine: "_q",
    },
    ["09:05:07 warning rows rejected resource=orders by=rules rows=2 reason=bad quarantine=_q"],
  ],
  [
    {
      type: "state_saved",
      time: TIME,
      location: "s.json",
      revision: 2,
      sequence: 4,
      cursorValues: {},
      watermarks: {},
    },
    ["09:05:07 debug state saved location=s.json revision=2 sequence=4"],
  ],
  [
    {
      type: "log",
      time: TIME,
      level: "warning",
      message: "{odd} message",
      fields: { list: [1, "a"], nothing: null },
    },
    ['09:05:07 warning {odd} message list=[1,"a"] nothing=null'],
  ],
  [
    { type: "resource_finished", time: TIME, resource: "orders", status: "failed", durationMs: 5, error },
    [
      '09:05:07 error resource failed resource=orders duration_ms=5 code=LOST error="connection lost" hint="check the network" at=a.yaml:3:5',
    ],
  ],
  [
    {
      type: "run_finished",
      time: TIME,
      status: "succeeded",
      summary: { ...summary, recipe: "shop", duration_ms: 9 },
    },
    ["09:05:07 info run succeeded recipe=shop rows_read=0 rows_written=0 rows_rejected=0 duration_ms=9"],
  ],
];
for (const [event, lines] of events) {
  Deno.test(`the text of ${event.type}`, () => {
    assert.deepEqual(logged({ level: "debug" }, (logs) => logs.forRun()(event)), lines);
  });
}

const levels: [level: LogLevel, written: LogLevel[]][] = [
  ["debug", ["debug", "info", "warning", "error"]],
  ["info", ["info", "warning", "error"]],
  ["warning", ["warning", "error"]],
  ["error", ["error"]],
];
for (const [level, written] of levels) {
  Deno.test(`--log-level ${level}`, () => {
    const lines = logged({ level }, (logs) => {
      for (const each of ["debug", "info", "warning", "error"] as const) logs.logger.log(each, "m");
    });
    assert.deepEqual(lines.map((line) => line.split(" ")[1]), written);
  });
}

Deno.test("a JSON line carries its run and no field is lost to a reserved name", () => {
  const [, line] = logged({ format: "json" }, (logs) => {
    const sink = logs.forRun();
    sink({ type: "run_started", time: TIME, recipe: "shop", runId: "r1", resources: [] });
    const fields = { level: "high", recipe: "other", n: 1 };
    sink({ type: "log", time: TIME, level: "info", message: "two\nlines", fields });
    logs.logger.log("info", "outside");
  });
  assert.deepEqual(JSON.parse(line!), {
    time: new Date(TIME).toISOString(),
    level: "info",
    message: "two\nlines",
    recipe: "shop",
    run_id: "r1",
    level_: "high",
    recipe_: "other",
    n: 1,
  });
});

Deno.test("two runs at a time each log under their own name", () => {
  const lines = logged({ format: "json" }, (logs) => {
    const [a, b] = [logs.forRun(), logs.forRun()];
    a({ type: "run_started", time: TIME, recipe: "a", runId: "1", resources: [] });
    b({ type: "run_started", time: TIME, recipe: "b", runId: "2", resources: [] });
    a({ type: "log", time: TIME, level: "info", message: "m" });
  });
  assert.deepEqual([JSON.parse(lines[2]!).recipe, JSON.parse(lines[2]!).run_id], ["a", "1"]);
});

for (const format of ["text", "json"] as const) {
  Deno.test(`no secret is written as ${format}, in message, fields, keys or run`, () => {
    const secret = `hun"ter 22`;
    const lines = logged({ format, secrets: [secret] }, (logs) => {
      const sink = logs.forRun();
      sink({ type: "run_started", time: TIME, recipe: secret, runId: secret, resources: [secret] });
      sink({
        type: "log",
        time: TIME,
        level: "info",
        message: secret,
        fields: { [secret]: { deep: [secret] } },
      });
      sink({
        type: "retry",
        time: TIME,
        resource: secret,
        attempt: 1,
        delayMs: 1,
        error: { ...error, message: secret },
      });
      logs.logger.log("info", `at postgres://u:${encodeURIComponent(secret)}@h`, { password: "anything" });
    });
    const text = lines.join("\n");
    assert.equal(lines.length, 4);
    for (const trace of ["hun", "ter", "22", "anything"]) {
      assert.ok(!text.includes(trace), `${trace} in ${text}`);
    }
  });
}

Deno.test("a record is one line and can't move the cursor", () => {
  const [line, ...more] = logged({}, (logs) => logs.logger.log("info", "a\nb\x1b[2Jc\r", { k: "x\ny\x1b" }));
  assert.deepEqual(more, []);
  assert.equal(line!.slice(9), String.raw`info a\nb\x1b[2Jc\x0d k="x\ny\u001b"`);
});

Deno.test("the level is coloured when asked", () => {
  const [line] = logged({ color: true }, (logs) => logs.logger.log("error", "m"));
  assert.equal(line!.slice(9), "\x1b[31merror\x1b[0m m");
});

Deno.test("after close nothing is written", () => {
  let kept: Logs | undefined;
  const lines = logged({}, (logs) => kept = logs);
  kept!.logger.log("error", "late");
  assert.deepEqual(lines, []);
});
