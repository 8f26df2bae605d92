import assert from "node:assert/strict";
import { z } from "zod";
import {
  type Plan,
  PLAN_VERSION,
  planToJson,
  planToMermaid,
  type PlanToRender,
  planToText,
  type PlanView,
  redactPlan,
  type ResourcePlan,
} from "../../../src/plan/mod.ts";
import type { ValidationRules } from "../../../src/validate/mod.ts";
import { describeStep } from "../../../src/plan/render.ts";
import {
  asSecret,
  ConnectorError,
  defineConnector,
  EMPTY_SOURCE_STATE,
  registerConnector,
} from "../../../src/sdk/mod.ts";

registerConnector(
  "render_test",
  defineConnector<unknown>({
    name: "render_test",
    summary: "For these tests",
    describe: () => "",
    examples: [],
    capabilities: {
      read: true,
      write: false,
      writeModes: [],
      mergeStrategies: [],
      incremental: [],
      transactions: false,
      lookup: false,
      embedded: false,
      parallelRead: false,
      bulkFormats: [],
      tier: "recorded",
    },
    config: z.strictObject({
      host: z.string(),
      login: z.union([z.literal("none"), z.strictObject({ key: asSecret(z.string()), user: z.string() })]),
      headers: z.array(z.strictObject({ value: asSecret(z.string()) })).optional(),
    }),
  }),
);

const config = { host: "db", login: { key: "s3cret", user: "me" }, headers: [{ value: "s3cret" }] };

function resource(name: string): ResourcePlan {
  return {
    name,
    source: {
      connector: "render_test",
      config,
      incremental: {
        strategy: "cursor",
        cursorColumn: "at",
        lag: "5 minutes",
        onNull: "exclude",
        order: "none",
      },
      summary: "db: orders",
    },
    steps: [{ type: "filter", config: { where: 'a < 3 and\n  b = "x"' }, index: 0 }],
    destination: {
      connector: "other",
      config: {},
      mode: "merge",
      mergeKeys: ["id", "region"],
      strategy: "upsert",
      summary: "lake: orders",
    },
    fingerprint: "f",
  };
}

function plan(...names: string[]): Plan {
  return {
    version: PLAN_VERSION,
    recipe: "r",
    file: "r.yaml",
    resources: names.map(resource),
    runtime: {
      batchSize: 1,
      parallelism: 1,
      retries: { maxAttempts: 1, initialDelayMs: 1, maxDelayMs: 1 },
    },
    state: { backend: "local" },
    plugins: [],
    access: [{ kind: "read", value: "/data/orders.csv", key: ["source", "path"] }],
    vars: {},
    secrets: [],
    warnings: ["look out"],
  };
}

const same = (text: string) => text;
const view: PlanView = {
  strong: same,
  dim: same,
  warning: same,
  name: same,
  cut: (text, width) => text.slice(0, width),
  wrap: (text) => [text],
  pad: (text, width) => text.padEnd(width),
  bytes: (bytes) => `${bytes} bytes`,
  error: (error) => `error: ${error.message}`,
  columns: 80,
};

Deno.test("redactPlan masks what the connector's config marks, however deep", () => {
  const [source] = redactPlan(plan("main")).resources.map((one) => one.source.config);
  assert.deepEqual(source, { host: "db", login: { key: "•••", user: "me" }, headers: [{ value: "•••" }] });
  assert.doesNotMatch(JSON.stringify(planToJson({ plan: plan("main") })), /s3cret/);
});

Deno.test("planToText shows ends, steps, warnings; each resource under its name where there are several", () => {
  const text = planToText({ plan: plan("one", "two") }, view);
  assert.equal(text.match(/^one$|^two$/gm)?.length, 2);
  assert.match(text, /Read {6}db: orders\n {10}incremental by cursor on at, lag 5 minutes, NULL: exclude/);
  assert.match(text, /1 {2}filter {2}a < 3 and b = "x"/);
  assert.match(text, /merge on id, region \(upsert\)/);
  assert.match(text, /Warnings {2}look out/);
});

const rules: ValidationRules = {
  rules: [
    {
      name: "age",
      columns: ["age"],
      checks: [{ kind: "required", name: "age.required" }, { kind: "max", value: "150", name: "age.max" }],
      optional: false,
      severity: "error",
      fate: "quarantine",
      maxBadRows: 3,
    },
    {
      name: "in_order",
      columns: [],
      checks: [{ kind: "expression", sql: "a\n <= b", name: "in_order" }],
      when: "a > 0",
      optional: false,
      severity: "warning",
      fate: "warn",
    },
  ],
  table: [
    { name: "row_count", check: { kind: "row_count", min: "2", max: "9" }, severity: "error", fate: "fail" },
    { name: "x.sum", check: { kind: "sum", column: "x", min: "1" }, severity: "warning", fate: "warn" },
    {
      name: "x.completeness",
      check: { kind: "completeness", column: "x", min: 0.995 },
      severity: "error",
      fate: "fail",
    },
  ],
  quarantine: { table: "_bad" },
  maxBadFraction: 0.01,
  limits: {},
};

Deno.test("planToText and planToMermaid show the rules: what is asked, what becomes of a row, the limits", () => {
  const { resources: [main], ...rest } = plan("main");
  const shown = { plan: { ...rest, resources: [{ ...main!, validation: rules }] } };
  const text = planToText(shown, view);
  assert.equal(
    text.slice(text.indexOf("Rules"), text.indexOf("Write")),
    [
      "Rules     age.required    age is missing: quarantine, stops at more than 3 bad rows",
      "          age.max         age is more than 150: quarantine, stops at more than 3 bad rows",
      "          in_order        does not fulfil a <= b, when a > 0: warn",
      "          row_count       rows must be 2 to 9: fail",
      "          x.sum           sum of x must be at least 1: warn",
      "          x.completeness  completeness of x must be at least 99.5 %: fail",
      "          the run stops at more than 1 % bad rows",
      "          quarantine in the table _bad",
      "",
    ].join("\n"),
  );
  assert.match(planToMermaid(shown), /r0_rules\{\{"6 rules<br\/>the run stops at/);
  assert.doesNotMatch(planToText({ plan: plan("main") }, view), /Rules/);
});

Deno.test("planToText counts what it does not list, and shows errors", () => {
  const shown: PlanToRender = {
    plan: plan("main"),
    described: [{
      resource: "main",
      state: EMPTY_SOURCE_STATE,
      read: {
        schema: { fields: [] },
        statements: Array.from({ length: 100 }, (_, i) => `read ${i}.csv`),
        files: 100,
        rows: 1234567,
        warnings: ["look out"],
      },
      schema: {
        fields: Array.from(
          { length: 10_000 },
          (_, i) => ({ name: `c${i}`, type: { kind: "string" as const }, nullable: false }),
        ),
      },
      errors: [new ConnectorError("X", "not there")],
    }],
  };
  const text = planToText(shown, view);
  assert.match(text, /100 files, about 1,234,567 rows/);
  assert.match(text, /and 80 more/);
  assert.match(text, /and 9940 more/);
  assert.match(text, /error: not there/);
  assert.equal(text.match(/look out/g)?.length, 1, "a warning is shown once");
});

Deno.test("planToMermaid writes markup as entities and keeps nodes apart", () => {
  const text = planToMermaid({ plan: plan("a b", "two") });
  assert.match(text, /subgraph r0\["a b"\]/);
  assert.match(text, /r1_source --> r1_step1 --> r1_destination/);
  assert.match(text, /a #lt; 3 and b = #quot;x#quot;/);
  for (const line of text.split("\n")) assert.equal((line.match(/"/g)?.length ?? 0) % 2, 0, line);
});

Deno.test("describeStep is one line that leaves out what says nothing", () => {
  const cases: [unknown, string][] = [
    [{ where: "a\n  > 3" }, "a > 3"],
    [{ mapping: { a: "b", c: "d" }, ignore_missing: false }, "a: b, c: d"],
    [{ columns: ["a", "b"] }, "a, b"],
    [{ name: "x", value: 0, when: undefined, tags: [] }, "name: x, value: 0"],
    [
      { columns: { at: { type: "date", format: "%d" } }, lossy: true },
      "columns: {at: {type: date, format: %d}}, lossy: true",
    ],
    [new Map([["a", 1], ["b", 2]]), "a: 1, b: 2"],
    [{}, ""],
    [null, ""],
  ];
  for (const [config, text] of cases) assert.equal(describeStep({ type: "t", config, index: 0 }), text);
});
