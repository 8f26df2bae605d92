import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import { arrowField, createSession, type DuckSession } from "../../../src/batch/mod.ts";
import { EngineError, formatType, type LogicalType, type Schema } from "../../../src/sdk/mod.ts";

/** A record batch of one column `c`. */
function column(
  data: arrow.Data,
  field: Partial<{ nullable: boolean; metadata: Map<string, string> }> = {},
): arrow.RecordBatch {
  const schema = new arrow.Schema([new arrow.Field("c", data.type, field.nullable ?? true, field.metadata)]);
  const children = [data];
  return new arrow.RecordBatch(
    schema,
    arrow.makeData({ type: new arrow.Struct(schema.fields), length: data.length, children }),
  );
}

const bits = (...values: number[]) => new Uint8Array([values.reduce((byte, bit, i) => byte | bit << i, 0)]);
const utf8 = (text: string) => new TextEncoder().encode(text);
/** The value of `makeData` for types whose overloads the package does not declare. */
const data = (props: Record<string, unknown>) => arrow.makeData(props as never) as arrow.Data;
const { TimeUnit } = arrow;

const inner = data({ type: new arrow.Utf8(), valueOffsets: new Int32Array([0, 1, 3]), data: utf8("abc") });
const dictionary = (values: arrow.Data, indices: number[], nullBitmap?: Uint8Array) =>
  data({
    type: new arrow.Dictionary(values.type, new arrow.Int8()),
    data: new Int8Array(indices),
    dictionary: new arrow.Vector([values]),
    nullBitmap,
  });

const entry = new arrow.Struct<arrow.TypeMap>([
  new arrow.Field("key", inner.type),
  new arrow.Field("value", new arrow.Int32()),
]);

interface Accepted {
  readonly name: string;
  readonly data: arrow.Data;
  readonly metadata?: Map<string, string>;
  readonly type: string;
  readonly values: unknown[];
}

const views = (() => {
  const entries = new Uint8Array(48);
  const view = new DataView(entries.buffer);
  entries.set([2, 0, 0, 0, 104, 105]);
  view.setInt32(16, 20, true);
  entries.set(utf8("long"), 20);
  view.setInt32(24, 0, true);
  view.setInt32(28, 3, true);
  return { views: entries, variadicBuffers: [utf8("---longer than inline!!---")], nullBitmap: bits(1, 1, 0) };
})();

const accepted: Accepted[] = [
  {
    name: "Null",
    data: data({ type: new arrow.Null(), length: 3 }),
    type: "string",
    values: [null, null, null],
  },
  {
    name: "Float16",
    data: data({
      type: new arrow.Float16(),
      data: new Uint16Array([0x3c00, 0xc000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x8000]),
    }),
    type: "float32",
    values: [1, -2, Infinity, -Infinity, NaN, 2 ** -24, -0],
  },
  {
    name: "Utf8 with NULL and ''",
    data: data({
      type: new arrow.Utf8(),
      valueOffsets: new Int32Array([0, 0, 3, 6]),
      data: utf8("abcdéf"),
      nullBitmap: bits(1, 0, 1),
    }),
    type: "string",
    values: ["", null, "dé"],
  },
  {
    name: "Utf8 whose NULL holds invalid bytes",
    data: data({
      type: new arrow.Utf8(),
      valueOffsets: new Int32Array([0, 2, 16]),
      data: new Uint8Array([0xff, 0xfe, ...utf8("fourteen bytes")]),
      nullBitmap: bits(0, 1),
    }),
    type: "string",
    values: [null, "fourteen bytes"],
  },
  {
    name: "LargeUtf8",
    data: data({
      type: new arrow.LargeUtf8(),
      valueOffsets: new BigInt64Array([0n, 1n, 3n]),
      data: utf8("abc"),
    }),
    type: "string",
    values: ["a", "bc"],
  },
  {
    name: "Utf8View",
    data: data({ type: new arrow.Utf8View(), length: 3, ...views }),
    type: "string",
    values: ["hi", "longer than inline!!", null],
  },
  {
    name: "Binary",
    data: data({
      type: new arrow.Binary(),
      valueOffsets: new Int32Array([0, 2, 2]),
      data: new Uint8Array([255, 0]),
    }),
    type: "binary",
    values: [new Uint8Array([255, 0]), new Uint8Array()],
  },
  {
    name: "LargeBinary",
    data: data({
      type: new arrow.LargeBinary(),
      valueOffsets: new BigInt64Array([0n, 2n]),
      data: new Uint8Array([255, 0]),
    }),
    type: "binary",
    values: [new Uint8Array([255, 0])],
  },
  {
    name: "BinaryView",
    data: data({ type: new arrow.BinaryView(), length: 3, ...views }),
    type: "binary",
    values: [utf8("hi"), utf8("longer than inline!!"), null],
  },
  {
    name: "FixedSizeBinary",
    data: data({ type: new arrow.FixedSizeBinary(2), data: new Uint8Array([1, 2, 3, 4]) }),
    type: "binary",
    values: [new Uint8Array([1, 2]), new Uint8Array([3, 4])],
  },
  {
    name: "FixedSizeBinary as arrow.uuid",
    data: data({ type: new arrow.FixedSizeBinary(16), data: new Uint8Array(16).map((_, i) => i * 17) }),
    metadata: new Map([["ARROW:extension:name", "arrow.uuid"]]),
    type: "uuid",
    values: ["00112233-4455-6677-8899-aabbccddeeff"],
  },
  {
    name: "Utf8 as arrow.json",
    data: data({
      type: new arrow.Utf8(),
      valueOffsets: new Int32Array([0, 9]),
      data: utf8('{"a":1.0}'),
    }),
    metadata: new Map([["ARROW:extension:name", "arrow.json"]]),
    type: "json",
    values: ['{"a":1.0}'],
  },
  {
    name: "Date64",
    data: data({
      type: new arrow.DateMillisecond(),
      data: new BigInt64Array([-86_400_000n, 0n, 1_714_521_600_000n]),
    }),
    type: "date",
    values: ["1969-12-31", "1970-01-01", "2024-05-01"],
  },
  {
    name: "Time32 seconds",
    data: data({ type: new arrow.TimeSecond(), data: new Int32Array([0, 86400]) }),
    type: "time",
    values: ["00:00:00", "24:00:00"],
  },
  {
    name: "Time32 milliseconds",
    data: data({ type: new arrow.TimeMillisecond(), data: new Int32Array([1]) }),
    type: "time",
    values: ["00:00:00.001"],
  },
  {
    name: "Time64 nanoseconds",
    data: data({ type: new arrow.TimeNanosecond(), data: new BigInt64Array([1000n]) }),
    type: "time",
    values: ["00:00:00.000001"],
  },
  {
    name: "Timestamp seconds",
    data: data({ type: new arrow.TimestampSecond(), data: new BigInt64Array([-1n]) }),
    type: "datetime",
    values: ["1969-12-31 23:59:59"],
  },
  {
    name: "Timestamp milliseconds in a zone",
    data: data({
      type: new arrow.Timestamp(TimeUnit.MILLISECOND, "Europe/Berlin"),
      data: new BigInt64Array([1500n]),
    }),
    type: "datetime(tz)",
    values: ["1970-01-01 00:00:01.5+00"],
  },
  {
    name: "Timestamp nanoseconds",
    data: data({
      type: new arrow.TimestampNanosecond(),
      data: new BigInt64Array([-1000n, 7n]),
      nullBitmap: bits(1, 0),
    }),
    type: "datetime",
    values: ["1969-12-31 23:59:59.999999", null],
  },
  {
    name: "Interval months",
    data: data({ type: new arrow.IntervalYearMonth(), data: new Int32Array([14, -1]) }),
    type: "interval",
    values: ["1 year 2 months", "-1 month"],
  },
  {
    name: "Interval days",
    data: data({ type: new arrow.IntervalDayTime(), data: new Int32Array([1, 1500, -1, -1]) }),
    type: "interval",
    values: ["1 day 00:00:01.5", "-1 day -00:00:00.001"],
  },
  {
    name: "Interval nanoseconds",
    data: data({ type: new arrow.IntervalMonthDayNano(), data: new Int32Array([1, 2, -1000, -1]) }),
    type: "interval",
    values: ["1 month 2 days -00:00:00.000001"],
  },
  {
    name: "Duration",
    data: data({ type: new arrow.DurationMillisecond(), data: new BigInt64Array([-90_000n]) }),
    type: "interval",
    values: ["-00:01:30"],
  },
  {
    name: "Decimal128 into 2 bytes",
    data: data({
      type: new arrow.Decimal(2, 4, 128),
      data: new Uint32Array([9999, 0, 0, 0, 0xffffd8f1, 0xffffffff, 0xffffffff, 0xffffffff]),
    }),
    type: "decimal(4,2)",
    values: ["99.99", "-99.99"],
  },
  {
    name: "Decimal256",
    data: data({
      type: new arrow.Decimal(0, 38, 256),
      data: new Uint32Array([7, 0, 0, 0, 0, 0, 0, 0, ...Array(8).fill(0xffffffff)]),
    }),
    type: "decimal(38,0)",
    values: ["7", "-1"],
  },
  {
    name: "LargeList",
    data: data({
      type: new arrow.LargeList(new arrow.Field("item", inner.type)),
      valueOffsets: new BigInt64Array([0n, 0n, 2n]),
      child: inner,
    }),
    type: "array<string>",
    values: [[], ["a", "bc"]],
  },
  {
    name: "FixedSizeList",
    data: data({ type: new arrow.FixedSizeList(2, new arrow.Field("item", inner.type)), child: inner }),
    type: "array<string>",
    values: [["a", "bc"]],
  },
  {
    name: "Map",
    data: data({
      type: new arrow.Map_(
        new arrow.Field(
          "entries",
          entry as never,
          false,
        ),
      ),
      valueOffsets: new Int32Array([0, 2]),
      child: data({
        type: new arrow.Struct([
          new arrow.Field("key", inner.type),
          new arrow.Field("value", new arrow.Int32()),
        ]),
        children: [inner, data({ type: new arrow.Int32(), data: new Int32Array([1, 2]) })],
      }),
    }),
    type: "array<struct<key: string, value: int32>>",
    values: [[{ key: "a", value: 1 }, { key: "bc", value: 2 }]],
  },
  {
    name: "Struct with NULL around values",
    data: data({
      type: new arrow.Struct([new arrow.Field("s", inner.type)]),
      length: 2,
      nullBitmap: bits(1, 0),
      children: [inner],
    }),
    type: "struct<s: string>",
    values: [{ s: "a" }, null],
  },
  {
    name: "Dictionary of text",
    data: dictionary(inner, [1, 0, 0, 1], bits(1, 1, 0, 1)),
    type: "string",
    values: ["bc", "a", null, "bc"],
  },
  {
    name: "Dictionary with a NULL value",
    data: dictionary(
      data({ type: new arrow.Int64(), data: new BigInt64Array([5n, 6n]), nullBitmap: bits(0, 1) }),
      [0, 1],
    ),
    type: "int64",
    values: [null, 6n],
  },
  {
    name: "Dictionary of booleans",
    data: dictionary(data({ type: new arrow.Bool(), length: 2, data: bits(0, 1) }), [1, 0, 1]),
    type: "boolean",
    values: [true, false, true],
  },
  {
    name: "Dictionary of views",
    data: dictionary(data({ type: new arrow.Utf8View(), length: 3, ...views }), [2, 1]),
    type: "string",
    values: [null, "longer than inline!!"],
  },
  {
    name: "Dictionary of lists",
    data: dictionary(
      data({
        type: new arrow.List(new arrow.Field("item", inner.type)),
        valueOffsets: new Int32Array([0, 1, 2]),
        child: inner,
      }),
      [1, 1, 0],
      bits(1, 0, 1),
    ),
    type: "array<string>",
    values: [["bc"], null, ["a"]],
  },
  {
    name: "Dictionary of structs",
    data: dictionary(
      data({ type: new arrow.Struct([new arrow.Field("s", inner.type)]), length: 2, children: [inner] }),
      [1, 0],
    ),
    type: "struct<s: string>",
    values: [{ s: "bc" }, { s: "a" }],
  },
];

Deno.test("Arrow types beyond those that toArrow gives are taken in", async (t) => {
  await using session = await createSession();
  for (const { name, data, metadata, type, values } of accepted) {
    await t.step(name, async () => {
      const batch = await session.fromArrow([column(data, { metadata })]);
      assert.equal(formatType(batch.schema.fields[0]!.type), type);
      assert.deepEqual((await batch.rows()).map((row) => row[0]), values);
      await session.release(batch);
      // The rest of a slice is the same, whatever the offsets then are.
      const slice = await session.fromArrow([column(data, { metadata }).slice(1)]);
      assert.deepEqual((await slice.rows()).map((row) => row[0]), values.slice(1));
      await session.release(slice);
    });
  }
});

Deno.test("the fields of a NULL struct are NULL in SQL, whatever Arrow has there", async () => {
  await using session = await createSession();
  const child = (nullBitmap?: Uint8Array) =>
    data({ type: new arrow.Int32(), data: new Int32Array([1, 2, 3]), nullBitmap });
  const struct = data({
    type: new arrow.Struct([
      new arrow.Field("a", new arrow.Int32()),
      new arrow.Field("b", new arrow.Int32()),
    ]),
    length: 3,
    nullBitmap: bits(0, 1, 1),
    children: [child(), child(bits(1, 0, 1))],
  });
  const batch = await session.fromArrow([column(struct)]);
  assert.deepEqual(await session.query(`SELECT c.a AS a, c.b AS b FROM (${batch.sql})`), [
    { a: null, b: null },
    { a: 2, b: null },
    { a: 3, b: 3 },
  ]);
});

const type = (text: LogicalType): Schema => ({ fields: [{ name: "c", type: text, nullable: true }] });
const decimal: LogicalType = { kind: "decimal", precision: 10, scale: 2 };
const texts = (...values: (string | null)[]) =>
  arrow.vectorFromArray(values, new arrow.Utf8()).data[0]! as arrow.Data;

Deno.test("a schema gives columns the types that Arrow can't say, value for value", async (t) => {
  await using session = await createSession();
  const cases: [string, arrow.Data, LogicalType, unknown[]][] = [
    ["text to json", texts('{"a": [1.50]}', null), { kind: "json" }, ['{"a": [1.50]}', null]],
    ["text to uuid", texts("00112233-4455-6677-8899-AABBCCDDEEFF"), { kind: "uuid" }, [
      "00112233-4455-6677-8899-aabbccddeeff",
    ]],
    ["16 bytes to uuid", data({ type: new arrow.FixedSizeBinary(16), data: new Uint8Array(16) }), {
      kind: "uuid",
    }, ["00000000-0000-0000-0000-000000000000"]],
    ["nothing to a decimal", data({ type: new arrow.Null(), length: 1 }), decimal, [null]],
    ["int8 to int64", data({ type: new arrow.Int8(), data: new Int8Array([-1]) }), {
      kind: "integer",
      bits: 64,
    }, [-1n]],
    ["int64 to uint8", data({ type: new arrow.Int64(), data: new BigInt64Array([255n]) }), {
      kind: "integer",
      bits: 8,
      unsigned: true,
    }, [255]],
    ["int32 to decimal", data({ type: new arrow.Int32(), data: new Int32Array([-5]) }), decimal, ["-5.00"]],
    [
      "list of text to list of json",
      data({
        type: new arrow.List(new arrow.Field("item", new arrow.Utf8())),
        valueOffsets: new Int32Array([0, 2]),
        child: texts("1", null),
      }),
      { kind: "array", items: { kind: "json" } },
      [["1", null]],
    ],
  ];
  for (const [name, input, wanted, values] of cases) {
    await t.step(name, async () => {
      const batch = await session.fromArrow([column(input)], { schema: type(wanted) });
      assert.deepEqual(batch.schema, type(wanted));
      assert.deepEqual((await session.relation(batch.sql)).schema, batch.schema);
      assert.deepEqual((await batch.rows()).map((row) => row[0]), values);
    });
  }
});

interface Refused {
  readonly name: string;
  readonly input: arrow.RecordBatch[];
  readonly schema?: Schema;
  readonly code: string;
  readonly says?: string;
}

const int64 = (...values: bigint[]) => data({ type: new arrow.Int64(), data: new BigInt64Array(values) });
const refused: Refused[] = [
  {
    name: "nanoseconds",
    input: [column(data({ type: new arrow.TimestampNanosecond(), data: new BigInt64Array([1n]) }))],
    code: "CONVERSION_FAILED",
    says: `Column "c": `,
  },
  {
    name: "a time's nanoseconds",
    input: [column(data({ type: new arrow.TimeNanosecond(), data: new BigInt64Array([1n]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "an interval's nanoseconds",
    input: [column(data({ type: new arrow.IntervalMonthDayNano(), data: new Int32Array([0, 0, 1, 0]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "a duration's nanoseconds",
    input: [column(data({ type: new arrow.DurationNanosecond(), data: new BigInt64Array([1n]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "seconds beyond 64 bits of microseconds",
    input: [column(data({ type: new arrow.TimestampSecond(), data: new BigInt64Array([2n ** 60n]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "half a day",
    input: [column(data({ type: new arrow.DateMillisecond(), data: new BigInt64Array([43_200_000n]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "a time beyond midnight",
    input: [column(data({ type: new arrow.TimeMicrosecond(), data: new BigInt64Array([86_400_000_001n]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "a decimal with too many digits",
    input: [column(data({ type: new arrow.Decimal(0, 4, 128), data: new Uint32Array([70000, 0, 0, 0]) }))],
    code: "CONVERSION_FAILED",
  },
  {
    name: "a decimal type of 76 digits",
    input: [column(data({ type: new arrow.Decimal(0, 76, 256), data: new Uint32Array(8) }))],
    code: "UNSUPPORTED_TYPE",
  },
  {
    name: "a struct without fields",
    input: [column(data({ type: new arrow.Struct([]), length: 1, children: [] }))],
    code: "UNSUPPORTED_TYPE",
  },
  {
    name: "a union",
    input: [
      column(
        data({
          type: new arrow.SparseUnion([0], [new arrow.Field("a", new arrow.Int32())]),
          typeIds: new Int8Array([0]),
          children: [data({ type: new arrow.Int32(), data: new Int32Array(1) })],
        }),
      ),
    ],
    code: "UNSUPPORTED_TYPE",
  },
  {
    name: "invalid UTF-8",
    input: [
      column(
        data({
          type: new arrow.Utf8(),
          valueOffsets: new Int32Array([0, 14]),
          data: new Uint8Array(14).fill(0xff),
        }),
      ),
    ],
    code: "ENCODING_ERROR",
    says: "ff ff",
  },
  {
    name: "short invalid UTF-8",
    input: [
      column(
        data({ type: new arrow.Utf8(), valueOffsets: new Int32Array([0, 1]), data: new Uint8Array([0xff]) }),
      ),
    ],
    code: "ENCODING_ERROR",
  },
  {
    name: "a character cut in two",
    input: [
      column(data({ type: new arrow.Utf8(), valueOffsets: new Int32Array([0, 1, 2]), data: utf8("é") })),
    ],
    code: "ENCODING_ERROR",
  },
  {
    name: "a character cut at the end",
    input: [column(data({ type: new arrow.Utf8(), valueOffsets: new Int32Array([0, 1]), data: utf8("é") }))],
    code: "ENCODING_ERROR",
  },
  {
    name: "text offsets beyond the bytes",
    input: [
      column(data({ type: new arrow.Utf8(), valueOffsets: new Int32Array([0, 100]), data: utf8("a") })),
    ],
    code: "INVALID_ARROW",
  },
  {
    name: "text offsets that go backwards",
    input: [
      column(data({ type: new arrow.Utf8(), valueOffsets: new Int32Array([0, 2, 1, 2]), data: utf8("ab") })),
    ],
    code: "INVALID_ARROW",
  },
  {
    name: "list offsets beyond the items",
    input: [
      column(
        data({
          type: new arrow.List(new arrow.Field("item", inner.type)),
          valueOffsets: new Int32Array([0, 9]),
          child: inner,
        }),
      ),
    ],
    code: "INVALID_ARROW",
  },
  {
    name: "too few values",
    input: [column(data({ type: new arrow.Int32(), length: 10, data: new Int32Array(1) }))],
    code: "INVALID_ARROW",
  },
  {
    name: "too few validity bits",
    input: [
      column(
        data({
          type: new arrow.Int32(),
          length: 20,
          data: new Int32Array(20),
          nullBitmap: bits(1),
          nullCount: 3,
        }),
      ),
    ],
    code: "INVALID_ARROW",
  },
  { name: "an index beyond its dictionary", input: [column(dictionary(inner, [5]))], code: "INVALID_ARROW" },
  {
    name: "a type that changes",
    input: [column(int64(1n)), column(texts("a"))],
    code: "SCHEMA_MISMATCH",
    says: "batch 2 has the column c: string where the first has c: int64",
  },
  { name: "no batch and no schema", input: [], code: "NO_SCHEMA" },
  {
    name: "other columns than the schema's",
    input: [column(int64(1n))],
    schema: { fields: [{ name: "d", type: { kind: "string" }, nullable: true }] },
    code: "SCHEMA_MISMATCH",
  },
  {
    name: "a float as integer",
    input: [column(data({ type: new arrow.Float64(), data: new Float64Array([1.5]) }))],
    schema: type({ kind: "integer", bits: 64 }),
    code: "SCHEMA_MISMATCH",
  },
  {
    name: "a decimal that would be rounded",
    input: [column(data({ type: new arrow.Decimal(3, 9, 128), data: new Uint32Array(4) }))],
    schema: type(decimal),
    code: "SCHEMA_MISMATCH",
  },
  {
    name: "columns that differ in case only",
    input: [
      new arrow.RecordBatch(
        new arrow.Schema([new arrow.Field("a", new arrow.Int64()), new arrow.Field("A", new arrow.Int64())]),
        arrow.makeData({
          type: new arrow.Struct([
            new arrow.Field("a", new arrow.Int64()),
            new arrow.Field("A", new arrow.Int64()),
          ]),
          length: 1,
          children: [int64(1n), int64(1n)],
        }),
      ),
    ],
    code: "DUPLICATE_COLUMN",
  },
];

async function tables(session: DuckSession): Promise<unknown[]> {
  return await session.query(
    "SELECT table_name FROM duckdb_tables() WHERE database_name = '_arrow' OR temporary",
  );
}

Deno.test("Arrow data that would change, or contradicts itself, is refused and leaves no table", async (t) => {
  await using session = await createSession();
  for (const { name, input, schema, code, says } of refused) {
    await t.step(name, async () => {
      // Behind a good batch, so that a table is there already when the bad one comes.
      const error = await session.fromArrow(input, { schema }).then(() => undefined, (error) => error);
      assert.ok(error instanceof EngineError, `no error: ${error}`);
      assert.equal(error.code, code, error.message);
      if (says !== undefined) assert.ok(error.message.includes(says), error.message);
      assert.deepEqual(await tables(session), []);
    });
  }
});

Deno.test("a value that can't be cast to the schema's type is an error when the rows are read", async () => {
  await using session = await createSession();
  for (
    const [input, wanted] of [
      [texts("{not json"), { kind: "json" }],
      [texts("no uuid"), { kind: "uuid" }],
      [int64(256n), { kind: "integer", bits: 8, unsigned: true }],
    ] as [arrow.Data, LogicalType][]
  ) {
    const batch = await session.fromArrow([column(input)], { schema: type(wanted) });
    await assert.rejects(
      batch.rows(),
      (error) => error instanceof EngineError && error.code === "CONVERSION_FAILED",
    );
  }
});

Deno.test("an error of the stream's own reaches the caller as it is, and leaves no table", async () => {
  await using session = await createSession();
  const boom = new RangeError("the source failed");
  async function* failing() {
    yield column(int64(1n));
    await Promise.resolve();
    throw boom;
  }
  await assert.rejects(session.fromArrow(failing()), (error) => error === boom);
  assert.deepEqual(await tables(session), []);
  await assert.rejects(session.transaction(() => session.fromArrow(failing())), (error) => error === boom);
  assert.deepEqual(await tables(session), []);
});

Deno.test("releasing a batch drops its rows; other batches are left alone", async () => {
  await using session = await createSession();
  const kept = await session.fromArrow([column(int64(1n))]);
  const released = await session.fromArrow([column(int64(2n))]);
  await session.release(released);
  await session.release(released);
  await session.release(await session.relation("SELECT 1 AS a"));
  assert.deepEqual(await kept.rows(), [[1n]]);
  await assert.rejects(released.rows(), (error) => error instanceof EngineError && error.code === "CATALOG");
  await session.transaction(async () => {
    const inside = await session.fromArrow([column(int64(3n))]);
    assert.deepEqual(await inside.rows(), [[3n]]);
    await session.release(inside);
  });
  assert.equal((await tables(session)).length, 1);
});

Deno.test("empty batches, empty tables and tables in many batches", async () => {
  await using session = await createSession();
  const field = arrowField("c", { kind: "json" });
  const empty = await session.fromArrow(new arrow.Table(new arrow.Schema([field])));
  assert.deepEqual(empty.schema, type({ kind: "json" }));
  assert.deepEqual(await empty.rows(), []);
  const one = column(int64(1n, 2n, 3n));
  const many = await session.fromArrow([one.slice(0, 0), one, one.slice(1, 2), one.slice(3), one]);
  assert.deepEqual((await many.rows()).flat(), [1n, 2n, 3n, 2n, 1n, 2n, 3n]);
  assert.deepEqual(await (await session.fromArrow([], { schema: type(decimal) })).toObjects(), []);
});

Deno.test("values of many megabytes pass, in batches that stay small", async () => {
  await using session = await createSession();
  const source = await session.relation(
    "SELECT repeat('äbc', i * 20000) AS t, [repeat('x', i * 20000)] AS l FROM range(24) r(i)",
  );
  const sizes: number[] = [];
  async function* counted() {
    for await (const part of source.toArrow()) {
      sizes.push(part.numRows);
      yield part;
    }
  }
  const copy = await session.fromArrow(counted());
  const sum = "sum(length(t)) AS t, sum(length(l[1])) AS l, max(md5(t)) AS h";
  assert.deepEqual(
    await session.query(`SELECT ${sum} FROM (${copy.sql})`),
    await session.query(`SELECT ${sum} FROM (${source.sql})`),
  );
  assert.equal(sizes.reduce((a, b) => a + b), 24);
});
