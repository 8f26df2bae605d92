/** The parts that every SQL destination shares, without a server. */
import assert from "node:assert/strict";
import { fitSchema } from "../../../../src/connectors/_sql/fit.ts";
import { cutBytes, stagingOf } from "../../../../src/connectors/_sql/staging.ts";
import { standardStatements } from "../../../../src/connectors/_sql/statements.ts";
import { findColumn, type SqlTable } from "../../../../src/connectors/_sql/table.ts";
import { dialect } from "../../../../src/connectors/postgres/write_dialect.ts";
import type { PgColumn } from "../../../../src/connectors/postgres/target_table.ts";
import type { Schema } from "../../../../src/sdk/mod.ts";

const target = { schema: "s", name: "t", sql: '"s"."t"' };

function column(name: string, type: string, more: Partial<PgColumn> = {}): PgColumn {
  return {
    name,
    type,
    nullable: true,
    generated: false,
    identityAlways: false,
    fuzzy: false,
    pg: { oid: 0, name: type, builtIn: true, kind: "b", typmod: -1, sql: type },
    ...more,
  };
}

function table(...columns: PgColumn[]): SqlTable<PgColumn> {
  return { columns, keys: [], writable: true, kind: "table" };
}

const schema = (...fields: [string, Schema["fields"][number]["type"]][]): Schema => ({
  fields: fields.map(([name, type]) => ({ name, type, nullable: true })),
});
const INT = { kind: "integer", bits: 64 } as const;
const TEXT = { kind: "string" } as const;

Deno.test("names of staging tables fit, and differ where anything they stand for does", () => {
  const of = (recipe: string, resource: string, name: string) =>
    stagingOf({ ...target, name }, { recipe, resource, dialect }).name;
  const long = "ä".repeat(31);
  const names = [
    of("r", "a", "t"),
    of("r", "b", "t"),
    of("q", "a", "t"),
    of("ra", "", "t"),
    of("r", "a", `${long}b`),
    of("r", "a", long),
  ];
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.ok(new TextEncoder().encode(name).length <= 63, name);
  assert.equal(of("r", "a", "t"), of("r", "a", "t"));
});

Deno.test("text is cut between characters", () => {
  assert.equal(cutBytes("aä🚀", 7), "aä🚀");
  assert.equal(cutBytes("aä🚀", 6), "aä");
  assert.equal(cutBytes("aä🚀", 2), "a");
  assert.equal(cutBytes("", 0), "");
});

Deno.test("a column is found as it is spelled, else regardless of case where only one is", () => {
  const both = table(column("Id", "int8"), column("id", "int8"), column("Name", "text"));
  assert.equal(findColumn(both, "Id")!.name, "Id");
  assert.equal(findColumn(both, "ID"), undefined);
  assert.equal(findColumn(both, "NAME")!.name, "Name");
});

Deno.test("a missing table is made with its keys; a missing column is added", () => {
  const made = fitSchema(schema(["id", INT], ['a "b"', TEXT]), undefined, { target, dialect, keys: ["id"] });
  assert.deepEqual(made.changes.map((c) => c.statement), [
    'CREATE TABLE "s"."t" ("id" bigint, "a ""b""" text, PRIMARY KEY ("id"))',
  ]);
  const widened = fitSchema(schema(["ID", INT], ["n", TEXT]), table(column("id", "int8")), {
    target,
    dialect,
  });
  assert.deepEqual(widened.columns.map((c) => [c.field.name, c.column.name]), [["ID", "id"]]);
  assert.deepEqual(widened.changes.map((c) => c.statement), ['ALTER TABLE "s"."t" ADD COLUMN "n" text']);
});

Deno.test("two columns of the rows may not go into one, nor any into one that is computed", () => {
  const fit = (rows: Schema, into: SqlTable<PgColumn>) => () => fitSchema(rows, into, { target, dialect });
  assert.throws(fit(schema(["A", INT], ["a", INT]), table(column("a", "int8"))), {
    code: "DUPLICATE_COLUMN",
  });
  assert.throws(fit(schema(["a", INT]), table(column("a", "int8", { generated: true }))), {
    code: "GENERATED_COLUMN",
  });
  assert.throws(
    fit(schema(["a", TEXT], ["b", TEXT]), table(column("a", "int8"), column("b", "date"))),
    (error: Error & { context: { columns: string[] } }) => {
      assert.match(
        error.message,
        /"a" holds VARCHAR, which can't go into s.t's int8 .* The same goes for 1 more: b\./,
      );
      assert.deepEqual(error.context.columns, ["a", "b"]);
      return true;
    },
  );
});

Deno.test("statements of a merge", () => {
  const meeting = {
    target: "t1",
    staged: "s1",
    keys: ['"k"'],
    columns: ['"k"', '"v"'],
    values: ['s."k"', 'CAST(s."v" AS inet)'],
    differs: (side: string) => `t."v" IS DISTINCT FROM ${side}."v"`,
  };
  assert.equal(
    standardStatements.updateMatching(meeting),
    `UPDATE t1 AS t SET "v" = CAST(s."v" AS inet) FROM s1 AS s WHERE t."k" = s."k" AND (t."v" IS DISTINCT FROM s."v")`,
  );
  assert.equal(
    dialect.statements.upsert!(meeting),
    `INSERT INTO t1 AS t ("k", "v") OVERRIDING SYSTEM VALUE SELECT s."k", CAST(s."v" AS inet) FROM s1 AS s ` +
      `ON CONFLICT ("k") DO UPDATE SET "v" = excluded."v" WHERE t."v" IS DISTINCT FROM excluded."v"`,
  );
  assert.match(dialect.statements.upsert!({ ...meeting, differs: () => undefined }), /DO NOTHING$/);
});
