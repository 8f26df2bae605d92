import assert from "node:assert/strict";
import fc from "fast-check";
import { Table, tableFromIPC, tableToIPC } from "apache-arrow";
import { ArrowBatch, createSession } from "../../../src/batch/mod.ts";
import { engineType, type LogicalType, quoteIdent, type Schema } from "../../../src/sdk/mod.ts";
import {
  formatDate,
  formatDatetime,
  formatDecimal,
  formatInterval,
  formatTime,
  formatUuid,
} from "../../../src/batch/text_values.ts";

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** Names of columns and fields: any text but NUL, unique without regard to case. */
const name = fc.string({ unit: "binary", minLength: 1, maxLength: 12 }).filter((text) =>
  !text.includes("\0")
);

function uniqueNames(count: { minLength: number; maxLength: number }): fc.Arbitrary<string[]> {
  return fc.uniqueArray(name, {
    ...count,
    selector: (text) => text.replace(/[A-Z]/g, (l) => l.toLowerCase()),
  });
}

const scalarType: fc.Arbitrary<LogicalType> = fc.oneof(
  fc.constantFrom<LogicalType>(
    { kind: "string" },
    { kind: "boolean" },
    { kind: "date" },
    { kind: "time" },
    { kind: "interval" },
    { kind: "uuid" },
    { kind: "binary" },
    { kind: "json" },
    { kind: "datetime", tz: true },
    { kind: "datetime", tz: false },
    { kind: "float", bits: 32 },
    { kind: "float", bits: 64 },
  ),
  fc.record({
    bits: fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const),
    unsigned: fc.boolean(),
  })
    .map(({ bits, unsigned }): LogicalType => ({
      kind: "integer",
      bits,
      ...(unsigned ? { unsigned: true } : {}),
    })),
  fc.integer({ min: 1, max: 38 }).chain((precision) =>
    fc.integer({ min: 0, max: precision }).map((scale): LogicalType => ({
      kind: "decimal",
      precision,
      scale,
    }))
  ),
);

const { type: anyType } = fc.letrec<{ type: LogicalType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { arbitrary: scalarType, weight: 6 },
    { arbitrary: tie("type").map((items): LogicalType => ({ kind: "array", items })), weight: 1 },
    {
      arbitrary: uniqueNames({ minLength: 1, maxLength: 3 }).chain((names) =>
        fc.tuple(...names.map(() => tie("type"))).map((types): LogicalType => ({
          kind: "struct",
          fields: names.map((fieldName, index) => ({ name: fieldName, type: types[index]! })),
        }))
      ),
      weight: 1,
    },
  ),
}));

/** Values in the form that `rows()` gives, so that equal means identical. */
function valueOf(type: LogicalType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "string":
      return fc.string({ unit: "binary", maxLength: 40, size: "max" });
    case "json":
      return fc.json();
    case "binary":
      return fc.uint8Array({ maxLength: 40 });
    case "boolean":
      return fc.boolean();
    case "float":
      return type.bits === 32 ? fc.float() : fc.double();
    case "integer": {
      const max = type.unsigned ? 2n ** BigInt(type.bits) - 1n : 2n ** BigInt(type.bits - 1) - 1n;
      const integer = fc.bigInt({ min: type.unsigned ? 0n : -max - 1n, max });
      const edges = fc.oneof(integer, fc.constantFrom(max, type.unsigned ? 0n : -max - 1n, 0n));
      return type.bits === 64 ? edges : edges.map(Number);
    }
    case "decimal": {
      const max = 10n ** BigInt(type.precision) - 1n;
      return fc.oneof(fc.bigInt({ min: -max, max }), fc.constantFrom(max, -max, 0n, -1n % (max + 1n)))
        .map((unscaled) => formatDecimal(unscaled, type.scale));
    }
    case "date":
      return fc.oneof(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }),
        fc.constantFrom(2147483647, -2147483647, 0, -1),
      ).map(formatDate);
    case "time":
      return fc.bigInt({ min: 0n, max: 86_400_000_000n }).map(formatTime);
    case "datetime":
      return fc.oneof(
        fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
        fc.bigInt({ min: -9_000_000_000_000_000_000n, max: 9_000_000_000_000_000_000n }),
        fc.constantFrom(INT64.max, -INT64.max, 0n, -1n),
      ).map((micros) => formatDatetime(micros, type.tz));
    case "interval":
      return fc.record({
        months: fc.integer(),
        days: fc.integer(),
        // Arrow's interval has nanoseconds in 64 bits.
        micros: fc.bigInt({ min: -9_000_000_000_000_000n, max: 9_000_000_000_000_000n }),
      }).map(formatInterval);
    case "uuid":
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatUuid);
    case "array":
      return fc.array(nullable(type.items), { maxLength: 4 });
    case "struct":
      return fc.tuple(...type.fields.map((field) => nullable(field.type))).map((values) =>
        Object.fromEntries(type.fields.map((field, index) => [field.name, values[index]]))
      );
  }
}

function nullable(type: LogicalType): fc.Arbitrary<unknown> {
  return fc.option(valueOf(type), { freq: 4, nil: null });
}

interface Relation {
  readonly schema: Schema;
  readonly rows: unknown[][];
}

const relation: fc.Arbitrary<Relation> = uniqueNames({ minLength: 1, maxLength: 5 }).chain((names) =>
  fc.tuple(...names.map(() => anyType)).chain((types) => {
    const schema: Schema = {
      fields: names.map((column, index) => ({ name: column, type: types[index]!, nullable: true })),
    };
    return fc.array(fc.tuple(...types.map(nullable)), { maxLength: 40, size: "max" }).map((rows) => ({
      schema,
      rows,
    }));
  })
);

Deno.test("rows → Arrow → DuckDB → Arrow → rows are the same, whatever their types", async () => {
  await using session = await createSession();
  await fc.assert(
    fc.asyncProperty(relation, fc.integer({ min: 1, max: 50 }), async ({ schema, rows }, rowsPerBatch) => {
      const columns = schema.fields.map((field) => field.name);
      const first = await ArrowBatch.fromRows({ columns, rows, schema, session });
      assert.deepEqual(first.schema, schema);
      assert.deepEqual(await first.rows(), rows);
      // In batches of any size, which are slices of DuckDB's chunks, and without being told the schema.
      const second = await session.fromArrow(
        first.toArrow({ rowsPerBatch }),
        rows.length === 0 ? { schema } : {},
      );
      assert.deepEqual(second.schema, schema);
      assert.deepEqual(await second.rows(), rows);
      await session.release(first);
      await session.release(second);
    }),
    { numRuns: 250 },
  );
});

Deno.test("slices of record batches, also through IPC, hold the rows they should", async () => {
  await using session = await createSession();
  const cut = fc.tuple(fc.nat(40), fc.nat(40)).map(([a, b]) => a < b ? [a, b] as const : [b, a] as const);
  await fc.assert(
    fc.asyncProperty(relation, cut, fc.boolean(), async ({ schema, rows }, [from, to], ipc) => {
      if (rows.length === 0) return;
      const columns = schema.fields.map((field) => field.name);
      const whole = await ArrowBatch.fromRows({ columns, rows, schema, session });
      const batches = await Array.fromAsync(whole.toArrow());
      const table = ipc ? tableFromIPC(tableToIPC(new Table(batches))) : new Table(batches);
      const part = await session.fromArrow(table.slice(from, to), { schema });
      assert.deepEqual(await part.rows(), rows.slice(from, to));
      await session.release(whole);
      await session.release(part);
    }),
    { numRuns: 150 },
  );
});

Deno.test("DuckDB values of every type come back equal in SQL", async (t) => {
  await using session = await createSession();
  const types: LogicalType[] = [
    { kind: "string" },
    { kind: "json" },
    { kind: "binary" },
    { kind: "boolean" },
    { kind: "uuid" },
    { kind: "date" },
    { kind: "time" },
    { kind: "datetime", tz: false },
    { kind: "datetime", tz: true },
    { kind: "interval" },
    { kind: "float", bits: 32 },
    { kind: "float", bits: 64 },
    ...[8, 16, 32, 64].flatMap((bits): LogicalType[] => [
      { kind: "integer", bits: bits as 8 },
      { kind: "integer", bits: bits as 8, unsigned: true },
    ]),
    ...[4, 9, 18, 38].map((precision): LogicalType => ({
      kind: "decimal",
      precision,
      scale: precision >> 1,
    })),
  ];
  const all = [
    ...types,
    ...types.map((items): LogicalType => ({ kind: "array", items })),
    ...types.map((type): LogicalType => ({
      kind: "struct",
      fields: [{ name: "f", type }, { name: "g", type }],
    })),
  ];
  for (const type of all) {
    await t.step(engineType(type), async () => {
      const table = session.temporaryName("source");
      await session.run(
        `CREATE TEMP TABLE ${table} AS SELECT row_number() OVER () AS n, v FROM (${sample(type)})`,
      );
      const source = await session.relation(`FROM ${table}`);
      assert.deepEqual(source.schema.fields[1]!.type, type);
      const inPlace = await session.fromArrow(source.toArrow({ rowsPerBatch: 5000 }), { inPlace: true });
      assert.deepEqual(inPlace.schema, source.schema);
      const [differs] = await session.query(
        `SELECT count(*) AS n FROM ((FROM (${inPlace.sql}) EXCEPT ALL FROM ${table}) UNION ALL ` +
          `(FROM ${table} EXCEPT ALL FROM (${inPlace.sql})))`,
      );
      assert.deepEqual(differs, { n: 0n });
      await session.release(inPlace);
      const copy = await session.fromArrow(source.toArrow({ rowsPerBatch: 1000 }));
      assert.deepEqual(copy.schema, source.schema);
      const [difference] = await session.query(
        `SELECT count(*) AS n FROM ((FROM (${copy.sql}) EXCEPT ALL FROM ${table}) UNION ALL ` +
          `(FROM ${table} EXCEPT ALL FROM (${copy.sql})))`,
      );
      assert.deepEqual(difference, { n: 0n });
      assert.equal(await copy.rowCount(), await source.rowCount());
      await session.run(`DROP TABLE ${table}`);
      await session.release(copy);
    });
  }
});

/** 5,003 values of a type, some NULL: more than two vectors, and no multiple of eight. */
function sample(type: LogicalType): string {
  return `SELECT CASE WHEN i % 7 = 3 THEN NULL ELSE ${value(type, "i")} END AS v FROM range(5003) t(i)`;
}

function value(type: LogicalType, i: string): string {
  switch (type.kind) {
    case "string":
      return `CASE ${i} % 4 WHEN 0 THEN '' WHEN 1 THEN repeat('é🦆', ${i} % 30) WHEN 2 THEN 'a' || chr(0) || 'b' ` +
        `ELSE 'text ' || ${i} END`;
    case "json":
      return `CAST('{"i": ' || ${i} || ', "x": [1.50, "ü"]}' AS JSON)`;
    case "binary":
      return `unhex(CASE WHEN ${i} % 5 = 0 THEN '' ELSE md5(CAST(${i} AS VARCHAR)) || 'FF00' END)`;
    case "boolean":
      return `${i} % 3 = 0`;
    case "uuid":
      return `CAST(md5(CAST(${i} AS VARCHAR)) AS UUID)`;
    case "date":
      return `CASE WHEN ${i} % 100 = 0 THEN DATE 'infinity' WHEN ${i} % 100 = 1 THEN DATE '-infinity' ` +
        `ELSE DATE '1850-01-01' + CAST(${i} * 17 AS INTEGER) END`;
    case "time":
      return `CASE WHEN ${i} % 100 = 0 THEN TIME '24:00:00' ELSE TIME '00:00:00' + to_microseconds(${i} * 17000003) END`;
    case "datetime": {
      const target = type.tz ? "TIMESTAMPTZ" : "TIMESTAMP";
      return `CASE WHEN ${i} % 100 = 0 THEN ${target} 'infinity' WHEN ${i} % 100 = 1 THEN ${target} '-infinity' ` +
        `ELSE CAST(make_timestamp(${i} * 987654321987 - 2000000000000000) AS ${target}) END`;
    }
    case "interval":
      return `to_months(CAST(${i} - 2500 AS INTEGER)) + to_days(CAST(3 * ${i} AS INTEGER)) - to_microseconds(${i} * 1234567)`;
    case "float":
      return `CAST(CASE ${i} % 9 WHEN 0 THEN 'nan' WHEN 1 THEN 'inf' WHEN 2 THEN '-inf' WHEN 4 THEN '-0.0' ` +
        `ELSE CAST(${i} / 7.0 AS VARCHAR) END AS ${engineType(type)})`;
    case "integer": {
      const max = type.unsigned ? 2n ** BigInt(type.bits) - 1n : 2n ** BigInt(type.bits - 1) - 1n;
      const min = type.unsigned ? 0n : -max - 1n;
      return `CAST(CASE ${i} % 4 WHEN 0 THEN ${max} WHEN 1 THEN ${min} ELSE ${i} % 100 END AS ${
        engineType(type)
      })`;
    }
    case "decimal": {
      const top = formatDecimal(10n ** BigInt(type.precision) - 1n, type.scale);
      return `CAST(CASE ${i} % 4 WHEN 0 THEN '${top}' WHEN 1 THEN '-${top}' ELSE CAST(${i} % 90 AS VARCHAR) || '.25' END ` +
        `AS ${engineType(type)})`;
    }
    case "array":
      return `CASE ${i} % 5 WHEN 0 THEN [] ELSE list_transform(range(${i} % 5), ` +
        `lambda j: CASE WHEN j = 1 THEN NULL ELSE ${value(type.items, `(${i} + j)`)} END) END`;
    case "struct":
      return `struct_pack(${
        type.fields.map((field, index) =>
          `${quoteIdent(field.name)} := CASE WHEN ${i} % 11 = ${index} THEN NULL ELSE ${
            value(field.type, i)
          } END`
        ).join(", ")
      })`;
  }
}
