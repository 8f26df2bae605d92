import assert from "node:assert/strict";
import { createSession } from "../../../src/batch/mod.ts";
import { RecipeError } from "../../../src/sdk/mod.ts";
import {
  anyBroken,
  type CheckKind,
  compileChecks,
  numberedChecks,
  type Rule,
} from "../../../src/validate/mod.ts";
import { RULE_CASES } from "./rule_cases.ts";

const ruleOf = (checks: readonly CheckKind[], more: Partial<Rule> = {}): Rule => ({
  name: "r",
  columns: checks.some(({ kind }) => kind === "expression") ? [] : ["x"],
  checks: checks.map((check) => ({ ...check, name: `r.${check.kind}` })),
  optional: false,
  severity: "error",
  fate: "fail",
  ...more,
});

const compile = (rule: Rule, schema: Parameters<typeof compileChecks>[0]["schema"]) =>
  compileChecks({ schema, checks: numberedChecks([rule]), extra: (index) => `e${index}` });

Deno.test("each check: values that pass, that fail, NULL, and other types", async (t) => {
  await using session = await createSession();
  for (const { type, checks, good, bad, nullBreaks } of RULE_CASES) {
    const name = `${type} ${checks.map((check) => JSON.stringify(check)).join(" ")}`;
    await t.step(name, async () => {
      const values = [...good, ...bad, "NULL"].map((value) => `SELECT CAST(${value} AS ${type}) AS x`);
      const batch = await session.relation(values.join(" UNION ALL "));
      const compiled = compile(ruleOf(checks), batch.schema);
      for (const { sql } of compiled.constants) {
        const [row] = await session.query<{ good: boolean }>(`SELECT ${sql} IS NOT NULL AS good`);
        assert.ok(row!.good, sql);
      }
      const judge = async (value: string) => {
        const [row] = await session.query<{ broken: boolean | null }>(
          `SELECT coalesce(${
            anyBroken(compiled.checks)
          }, false) AS broken FROM (SELECT CAST(${value} AS ${type}) AS x) AS b`,
        );
        return row!.broken;
      };
      for (const value of good) assert.equal(await judge(value), false, `${value} passes`);
      for (const value of bad) assert.equal(await judge(value), true, `${value} fails`);
      assert.equal(await judge("NULL"), nullBreaks ?? false, "NULL");
    });
  }
  assert.ok(RULE_CASES.length > 70);
});

Deno.test("when, and optional columns that are missing", async () => {
  await using session = await createSession();
  const batch = await session.relation(
    "SELECT 1 AS x, 'DE' AS country UNION ALL SELECT -1, 'DE' UNION ALL SELECT -1, 'SE' UNION ALL SELECT -1, NULL",
  );
  const rule = ruleOf([{ kind: "min", value: "0" }], { when: "country = 'DE' -- only there" });
  const { checks } = compile(rule, batch.schema);
  const rows = await session.query(`SELECT x, country FROM (${batch.sql}) AS b WHERE ${anyBroken(checks)}`);
  assert.deepEqual(rows, [{ x: -1, country: "DE" }]);

  const missing = (more: Partial<Rule>, kind: CheckKind = { kind: "min", value: "0" }) =>
    compile(ruleOf([kind], { columns: ["contry"], ...more }), batch.schema).checks[0]!.broken;
  assert.throws(
    () => missing({}),
    (error) =>
      error instanceof RecipeError && error.code === "RULE_COLUMN_MISSING" &&
      /did you mean "country"/.test(error.hint!),
  );
  assert.equal(missing({ optional: true }), undefined);
  assert.equal(missing({ optional: true }, { kind: "required" }), "true");
});

Deno.test("bounds that can't be held against a column are refused with the place of the rule", async () => {
  await using session = await createSession();
  const location = { file: "r.yaml", line: 3, column: 5 };
  const refuse = async (type: string, check: CheckKind) => {
    const { schema } = await session.relation(`SELECT CAST(NULL AS ${type}) AS x`);
    const { constants } = compile(ruleOf([check], { location }), schema);
    for (const { sql, message } of constants) {
      const [row] = await session.query<{ good: boolean }>(`SELECT ${sql} IS NOT NULL AS good`);
      if (!row!.good) return message;
    }
    return "";
  };
  for (const [type, value] of [["INTEGER", "2024-01-01"], ["BOOLEAN", "1"], ["INTEGER[]", "1"]]) {
    await assert.rejects(
      refuse(type!, { kind: "min", value: value! }),
      (error) => error instanceof RecipeError && error.code === "RULE_INVALID" && error.location === location,
    );
  }
  assert.match(await refuse("DATE", { kind: "max", value: "soon" }), /"soon", which is no timestamp/);
  assert.match(await refuse("TIME", { kind: "max", value: "25:00" }), /no time/);
});
