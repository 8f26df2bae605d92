import assert from "node:assert/strict";
import { z } from "zod";
import { checkRecipe, planRecipe } from "../../../src/plan/mod.ts";
import { parseRecipe } from "../../../src/recipe/mod.ts";
import {
  type Capabilities,
  defineConnector,
  findConnector,
  RecipeError,
  RecipeErrors,
  registerConnector,
} from "../../../src/sdk/mod.ts";

const everything: Capabilities = {
  read: true,
  write: true,
  writeModes: ["append", "overwrite", "merge"],
  mergeStrategies: ["upsert"],
  incremental: ["cursor"],
  transactions: true,
  lookup: true,
  embedded: true,
  parallelRead: false,
  bulkFormats: [],
  tier: "native",
};

function define(name: string, capabilities: Partial<Capabilities>): void {
  if (findConnector(name) !== undefined) return;
  registerConnector(
    name,
    defineConnector({
      name,
      summary: "For tests",
      config: z.strictObject({ table: z.string() }),
      capabilities: { ...everything, ...capabilities },
      examples: [],
      describe: (config) => `${name}: ${config.table}`,
      checkWrite: (config) =>
        config.table === "bad" ? [{ key: ["table"], message: "No such thing.", hint: "ask" }] : [],
      openSource: () => Promise.reject(new Error("planning opens nothing")),
      openDestination: () => Promise.reject(new Error("planning opens nothing")),
    }),
  );
}
define("plan_all", {});
define("plan_source", { write: false, writeModes: [], mergeStrategies: [], incremental: [] });
define("plan_sink", { read: false, writeModes: ["append"], mergeStrategies: [], incremental: [] });

const recipe = (text: string) =>
  parseRecipe(text, {
    file: "r.yaml",
    readFile: () => Promise.reject(new Error("reads nothing")),
    env: () => undefined,
  });

const yaml = (source: string, destination: string, more = "") =>
  `name: r\nsource: {table: t, ${source}}\ndestination: {table: t, ${destination}}\n${more}`;

Deno.test("what connectors can't do is refused at planning, each naming its key", async (t) => {
  const cases: [title: string, text: string, expected: [code: string, line: number, key: string][]][] = [
    ["fits", yaml("type: plan_all", "type: plan_all"), []],
    ["not a source", yaml("type: plan_sink", "type: plan_all"), [["UNSUPPORTED", 2, "source.type"]]],
    ["not a destination", yaml("type: plan_all", "type: plan_source"), [[
      "UNSUPPORTED",
      3,
      "destination.type",
    ]]],
    ["no such mode", yaml("type: plan_all", "type: plan_sink, write_mode: overwrite"), [
      ["UNSUPPORTED", 3, "destination.write_mode"],
    ]],
    ["merge without keys", yaml("type: plan_all", "type: plan_all, write_mode: merge"), [
      ["MERGE_WITHOUT_KEYS", 3, "destination.write_mode"],
    ]],
    [
      "no such merge",
      yaml("type: plan_all", "type: plan_all, write_mode: merge, merge_keys: [id], strategy: scd2"),
      [
        ["UNSUPPORTED", 3, "destination.strategy"],
      ],
    ],
    [
      "no such incremental",
      yaml("type: plan_source, incremental: {strategy: cursor, cursor_column: id}", "type: plan_all"),
      [
        ["UNSUPPORTED", 2, "source.incremental.strategy"],
      ],
    ],
    [
      "incremental overwrite",
      yaml(
        "type: plan_all, incremental: {strategy: cursor, cursor_column: id}",
        "type: plan_all, write_mode: overwrite",
      ),
      [["INCREMENTAL_OVERWRITE", 3, "destination.write_mode"]],
    ],
    [
      "lag with append",
      yaml("type: plan_all, incremental: {strategy: cursor, cursor_column: id, lag: 5}", "type: plan_all"),
      [["LAG_NEEDS_MERGE", 2, "source.incremental.lag"]],
    ],
    [
      "the connector's own check",
      yaml("type: plan_all", "type: plan_all").replace("destination: {table: t", "destination: {table: bad"),
      [
        ["INVALID_CONFIG", 3, "destination.table"],
      ],
    ],
    ["several at once", yaml("type: plan_sink", "type: plan_source"), [
      ["UNSUPPORTED", 2, "source.type"],
      ["UNSUPPORTED", 3, "destination.type"],
    ]],
  ];
  for (const [title, text, expected] of cases) {
    await t.step(title, async () => {
      const problems = checkRecipe(await recipe(text));
      assert.deepEqual(problems.map((p) => [p.code, p.location?.line, p.context.key]), expected);
      for (const problem of problems) assert.ok(problem.hint, `${problem.code} says what to do`);
    });
  }
});

Deno.test("a plan is plain JSON and names both ends", async () => {
  const plan = planRecipe(await recipe(yaml("type: plan_all", "type: plan_all, merge_keys: [id]")));
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), JSON.parse(JSON.stringify(structuredClone(plan))));
  const [resource] = plan.resources;
  assert.equal(resource!.source.summary, "plan_all: t");
  assert.equal(resource!.destination.mode, "append");
  assert.deepEqual(plan.warnings, ["destination.merge_keys is not used with write_mode: append"]);
});

Deno.test("the fingerprint follows the definition of the resource and nothing else", async () => {
  const fingerprint = async (text: string) => planRecipe(await recipe(text)).resources[0]!.fingerprint;
  const one = await fingerprint(yaml("type: plan_all", "type: plan_all"));
  assert.equal(
    await fingerprint(yaml("type: plan_all", "type: plan_all", "description: d\nruntime: {threads: 2}")),
    one,
  );
  assert.notEqual(await fingerprint(yaml("type: plan_all", "type: plan_all, write_mode: overwrite")), one);
});

Deno.test("blocks that are not built yet validate, and planning says so, all of them", async () => {
  const text = yaml(
    "type: plan_all",
    "type: plan_all",
    "normalization: {max_depth: 2}\nschedule: {every: 1 hour}\n",
  );
  const parsed = await recipe(text);
  assert.throws(() => planRecipe(parsed), (error) => {
    assert.ok(error instanceof RecipeErrors);
    assert.deepEqual(error.errors.map((e) => [e.code, e.location?.line, e.context.key]), [
      ["NOT_BUILT_YET", 4, "normalization"],
      ["NOT_BUILT_YET", 5, "schedule"],
    ]);
    return true;
  });
});

Deno.test("a base recipe alone can't be planned", async () => {
  await assert.rejects(
    async () => planRecipe(await recipe("name: r\nsource: {type: plan_all, table: t}\n")),
    RecipeError,
  );
});
