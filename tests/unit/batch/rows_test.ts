import assert from "node:assert/strict";
import { Table } from "apache-arrow";
import { ArrowBatch, createSession } from "../../../src/batch/mod.ts";
import { EngineError, formatType, type LogicalType, type Schema } from "../../../src/sdk/mod.ts";

const one = (type: LogicalType): Schema => ({ fields: [{ name: "c", type, nullable: true }] });

Deno.test("types are found from all rows", async (t) => {
  await using session = await createSession();
  const cases: [string, unknown[], string, unknown[]?][] = [
    ["nothing", [null, undefined], "string", [null, null]],
    ["no rows", [], "string"],
    ["integers", [1, -5n], "int64", [1n, -5n]],
    ["fractions among integers", [1, 2.5, null], "float", [1, 2.5, null]],
    ["not a number", [NaN, Infinity, -0], "float", [NaN, Infinity, -0]],
    ["integers beyond 64 bits", [1, 2n ** 70n], "decimal(38,0)", ["1", String(2n ** 70n)]],
    ["text late in the column", [null, null, "x"], "string"],
    ["booleans", [true, false], "boolean"],
    ["dates", [new Date("2024-05-01T12:00:00.123Z")], "datetime(tz)", ["2024-05-01 12:00:00.123+00"]],
    ["bytes", [new Uint8Array([1]), new Uint8Array([2]).buffer], "binary", [
      new Uint8Array([1]),
      new Uint8Array([2]),
    ]],
    ["arrays", [[], [null], [1, 2.5]], "array<float>", [[], [null], [1, 2.5]]],
    ["empty arrays", [[], []], "array<string>"],
    [
      "objects with different keys",
      [{ a: 1 }, { b: { c: ["x"] } }, null],
      "struct<a: int64, b: struct<c: array<string>>>",
      [{ a: 1n, b: null }, { a: null, b: { c: ["x"] } }, null],
    ],
  ];
  for (const [name, values, type, expected = values] of cases) {
    await t.step(name, async () => {
      const batch = await ArrowBatch.fromRows({
        columns: ["c"],
        rows: values.map((value) => [value]),
        session,
      });
      assert.equal(formatType(batch.schema.fields[0]!.type), type);
      assert.deepEqual((await batch.rows()).map((row) => row[0]), expected);
    });
  }
});

Deno.test("values that people write are taken for the type they have", async (t) => {
  await using session = await createSession();
  const cases: [LogicalType, unknown, unknown][] = [
    [{ kind: "integer", bits: 64 }, "9007199254740993", 9007199254740993n],
    [{ kind: "integer", bits: 16 }, 7n, 7],
    [{ kind: "float", bits: 64 }, 3n, 3],
    [{ kind: "decimal", precision: 10, scale: 2 }, 0.1, "0.10"],
    [{ kind: "decimal", precision: 10, scale: 2 }, "1e3", "1000.00"],
    [{ kind: "date" }, new Date("2024-05-01"), "2024-05-01"],
    [{ kind: "datetime", tz: true }, "2024-05-01T12:00:00+02:00", "2024-05-01 10:00:00+00"],
    [{ kind: "datetime", tz: false }, "2024-05-01T12:00:00", "2024-05-01 12:00:00"],
    [{ kind: "datetime", tz: false }, new Date(0), "1970-01-01 00:00:00"],
    [{ kind: "interval" }, { months: 1, days: 2, micros: 3n }, "1 month 2 days 00:00:00.000003"],
    [{ kind: "uuid" }, "00112233-4455-6677-8899-AABBCCDDEEFF", "00112233-4455-6677-8899-aabbccddeeff"],
    [{ kind: "json" }, { a: [1, "ü"] }, '{"a":[1,"ü"]}'],
    [{ kind: "json" }, '{"a": 1.0}', '{"a": 1.0}'],
    [{ kind: "json" }, 5, "5"],
    [{ kind: "array", items: { kind: "float", bits: 32 } }, new Float32Array([1.5]), [1.5]],
    [{ kind: "struct", fields: [{ name: "a", type: { kind: "string" } }] }, {}, { a: null }],
  ];
  for (const [type, value, expected] of cases) {
    await t.step(`${formatType(type)} ${typeof value}`, async () => {
      const batch = await ArrowBatch.fromRows({
        columns: ["c"],
        rows: [[value]],
        schema: one(type),
        session,
      });
      assert.deepEqual(await batch.rows(), [[expected]]);
    });
  }
});

Deno.test("values that the type can't hold are refused, with row and column", async (t) => {
  await using session = await createSession();
  const cases: [LogicalType, unknown][] = [
    [{ kind: "integer", bits: 8 }, 128],
    [{ kind: "integer", bits: 8, unsigned: true }, -1],
    [{ kind: "integer", bits: 64 }, 2n ** 63n],
    [{ kind: "integer", bits: 64 }, 1.5],
    [{ kind: "integer", bits: 64 }, 2 ** 60],
    [{ kind: "integer", bits: 64 }, "12 "],
    [{ kind: "integer", bits: 64 }, true],
    [{ kind: "float", bits: 64 }, 9007199254740993n],
    [{ kind: "float", bits: 64 }, "1.5"],
    [{ kind: "decimal", precision: 4, scale: 2 }, "1.234"],
    [{ kind: "decimal", precision: 4, scale: 2 }, 100],
    [{ kind: "decimal", precision: 4, scale: 2 }, NaN],
    [{ kind: "boolean" }, 1],
    [{ kind: "string" }, 1],
    [{ kind: "string" }, "\ud800"],
    [{ kind: "date" }, "2024-02-30"],
    [{ kind: "date" }, new Date("2024-05-01T12:00:00Z")],
    [{ kind: "datetime", tz: false }, "2024-05-01T12:00:00Z"],
    [{ kind: "datetime", tz: true }, "2024-05-01 12:00:00.1234567"],
    [{ kind: "datetime", tz: true }, new Date(NaN)],
    [{ kind: "time" }, "25:00:00"],
    [{ kind: "interval" }, "soon"],
    [{ kind: "uuid" }, "no"],
    [{ kind: "binary" }, "text"],
    [{ kind: "json" }, "{not json"],
    [{ kind: "json" }, 1n],
    [{ kind: "array", items: { kind: "string" } }, "text"],
    [{ kind: "struct", fields: [{ name: "a", type: { kind: "string" } }] }, { b: 1 }],
    [{ kind: "struct", fields: [{ name: "a", type: { kind: "string" } }] }, []],
  ];
  for (const [type, value] of cases) {
    await t.step(`${formatType(type)} ${typeof value === "object" ? "object" : String(value)}`, async () => {
      const rows = [[null], [value]];
      const error = await ArrowBatch.fromRows({ columns: ["c"], rows, schema: one(type), session }).then(
        () => undefined,
        (e) => e,
      );
      assert.ok(error instanceof EngineError, `no error: ${error}`);
      assert.equal(error.code, "CONVERSION_FAILED");
      assert.deepEqual(error.context, { column: "c", row: 2 });
    });
  }
});

Deno.test("rows that fit no table are refused", async () => {
  const cases: [Parameters<typeof ArrowBatch.fromRows>[0], string][] = [
    [{ columns: ["c"], rows: [[1], ["x"]] }, "MIXED_TYPES"],
    [{ columns: ["c"], rows: [[1.5], [2n ** 60n]] }, "MIXED_TYPES"],
    [{ columns: ["c"], rows: [[{}]] }, "MIXED_TYPES"],
    [{ columns: ["c"], rows: [[() => 1]] }, "MIXED_TYPES"],
    [{ columns: ["c"], rows: [[1, 2]] }, "ROW_SHAPE"],
    [{ columns: ["c"], rows: [{ d: 1 }] }, "ROW_SHAPE"],
    [{ columns: ["c"], rows: ["x" as never] }, "ROW_SHAPE"],
    [{ columns: ["c", "C"], rows: [[1, 2]] }, "DUPLICATE_COLUMN"],
    [{ columns: ["d"], rows: [], schema: one({ kind: "string" }) }, "SCHEMA_MISMATCH"],
  ];
  for (const [input, code] of cases) {
    await assert.rejects(
      ArrowBatch.fromRows(input),
      (error) => error instanceof EngineError && error.code === code,
      code,
    );
  }
});

Deno.test("batches without a session share one, which closes with the last of them", async () => {
  const rows = [[1, "Ada"], { id: 2 }];
  const first = await ArrowBatch.fromRows({ columns: ["id", "name"], rows, metadata: { from: "people" } });
  const second = await ArrowBatch.fromArrow(new Table(await Array.fromAsync(first.toArrow())));
  assert.equal(first.session, second.session);
  assert.ok(first instanceof ArrowBatch && second instanceof ArrowBatch);
  assert.deepEqual(first.metadata, { from: "people" });
  await first.close();
  assert.deepEqual(await second.toObjects(), [{ id: 1n, name: "Ada" }, { id: 2n, name: null }]);
  await second.close();
  await second.close();
  await assert.rejects(
    second.rows(),
    (error) => error instanceof EngineError && error.code === "SESSION_CLOSED",
  );
  await using third = await ArrowBatch.fromRows({ columns: ["id"], rows: [[1]] });
  assert.notEqual(third.session, first.session);
  assert.equal(await third.rowCount(), 1);
});

Deno.test("many rows are encoded in parts", async () => {
  await using batch = await ArrowBatch.fromRows({
    columns: ["i", "s"],
    rows: Array.from({ length: 150_000 }, (_, i) => [i, i % 3 === 0 ? null : `text number ${i}`]),
  });
  assert.equal(await batch.rowCount(), 150_000);
  const [last] = await batch.session.query(`SELECT i, s FROM (${batch.sql}) ORDER BY i DESC LIMIT 1`);
  assert.deepEqual(last, { i: 149_999n, s: "text number 149999" });
  await assert.rejects(
    ArrowBatch.fromRows({
      columns: ["c"],
      rows: Array.from({ length: 70_000 }, (_, i) => [i === 69_999 ? "x" : i]),
      schema: one({ kind: "integer", bits: 64 }),
    }),
    (error) => error instanceof EngineError && error.context.row === 70_000,
  );
});
