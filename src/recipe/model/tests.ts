/** `tests`: what `dataloader test` runs. */
import { z } from "zod";
import { asPath } from "../../sdk/mod.ts";
import { asText, names, typeName } from "./common.ts";

const rows = () => z.array(z.record(z.string(), z.unknown()));

/** Rows to compare with: numbers are kept as they are written, so that `1.10` can be told from `1.1`. */
const expectedRows = () => z.array(z.record(z.string(), asText(z.unknown())));

const variables = () => z.record(z.string(), z.unknown());

const given = () =>
  z.strictObject({
    rows: rows().optional().describe("Rows that stand for the source; a key that a row lacks is NULL"),
    columns: z.record(z.string(), typeName()).optional().describe(
      "Types of columns of `rows`, where their values do not show them: {paid_on: date, zip: string}",
    ),
    file: asPath(z.string().min(1)).optional().describe(
      "A file that stands for the source. A source of files reads it with its own options; for others it is CSV, JSON, " +
        "JSON lines or Parquet, by its ending",
    ),
    text: z.string().optional().describe(
      "The content of a file that stands for the source, for sources of files: read with the recipe's own options",
    ),
  }).superRefine((value, context) => {
    const ways = (["rows", "file", "text"] as const).filter((key) => value[key] !== undefined);
    if (ways.length === 1) return;
    const message = ways.length === 0 ? "needs one of rows, file and text" : `has both ${ways.join(" and ")}`;
    context.addIssue({
      code: "custom",
      message,
      params: { hint: "give what the source holds in one way, such as rows: [{id: 1}]" },
      path: ways.length === 0 ? [] : [ways[1]!],
    });
  });

const expect = () =>
  z.strictObject({
    rows: expectedRows().optional().describe(
      "All rows that the destination must hold after the run, in any order; a key that a row lacks is NULL",
    ),
    file: asPath(z.string().min(1)).optional().describe(
      "A file (CSV, JSON, JSON lines or Parquet) with the rows that the destination must hold",
    ),
    columns: names("column").optional().describe(
      "The columns to compare; default all, so that a column too much is found as well",
    ),
    ordered: z.boolean().optional().describe("Whether the rows must come in the order given"),
    row_count: z.int().nonnegative().optional().describe("How many rows the destination must hold"),
    written: z.int().nonnegative().optional().describe("How many rows the run must have written"),
    schema: z.record(z.string(), typeName()).optional().describe(
      "Types that columns must have at the destination",
    ),
    rejected: z.array(z.strictObject({
      row: z.record(z.string(), asText(z.unknown())).describe("The row, or some of its columns"),
      rules: names("rule").optional().describe("Names of the rules that it must have broken, all of them"),
    })).optional().describe("All rows that validation must have left out, in any order"),
    rejected_count: z.int().nonnegative().optional().describe("How many rows must have been left out"),
    error: z.union([
      z.string().min(1),
      z.strictObject({
        code: z.string().min(1).optional().describe("Its code, such as CAST_FAILED"),
        message: z.string().min(1).optional().describe("A part of its message"),
      }),
    ]).optional().describe("The error that must stop the run: its code, or {code, message}"),
  }).refine((value) => Object.keys(value).length > 0, {
    error: "must say what is expected, such as rows, row_count or error",
  });

/** `tests`: a list of cases. */
export const testsBlock = () =>
  z.array(
    z.strictObject({
      name: z.string().min(1).describe("What reports call the test"),
      description: z.string().optional().describe("What it is for"),
      vars: variables().optional().describe("Values of `vars` for this test; they win over --var"),
      env: z.record(z.string(), asText(z.string())).optional().describe(
        "Environment variables for this test; others are as they are, or unknown",
      ),
      references: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))).optional().describe(
        "Rows that stand for what rules with `references` look into, by the name of the rule",
      ),
      given: given().optional().describe("What the source holds; without it the recipe's own source is read"),
      expect: expect().optional().describe("What must come of it"),
      runs: z.array(z.strictObject({
        given: given().optional().describe("What the source holds at this run; default as at the run before"),
        full_refresh: z.boolean().optional().describe("Whether to run with --full-refresh"),
        expect: expect().describe("What must come of it"),
      })).min(1).optional().describe(
        "Several runs, one after the other, of one recipe with one destination: for incremental loads and merges",
      ),
    }).superRefine((test, context) => {
      if ((test.expect === undefined) !== (test.runs === undefined)) return;
      const message = test.runs === undefined ? "needs expect, or runs" : "has both expect and runs";
      context.addIssue({
        code: "custom",
        message,
        params: { hint: "give one `expect`, or `runs` with an `expect` each" },
        path: test.runs === undefined ? [] : ["expect"],
      });
    }),
  ).superRefine((tests, context) => {
    const seen = new Set<string>();
    tests.forEach(({ name }, i) => {
      if (seen.has(name)) {
        context.addIssue({
          code: "custom",
          message: `names two tests "${name}"`,
          params: { hint: "give one of them another name" },
          path: [i, "name"],
        });
      }
      seen.add(name);
    });
  });

export type TestBlock = z.infer<ReturnType<typeof testsBlock>>[number];
export type TestGiven = NonNullable<TestBlock["given"]>;
export type TestExpect = NonNullable<TestBlock["expect"]>;
export type TestRun = NonNullable<TestBlock["runs"]>[number];
