import assert from "node:assert/strict";
import fc from "fast-check";
import { createSession } from "../../../src/batch/mod.ts";
import { joinParquet } from "../../../src/formats/parquet_join.ts";
import {
  Kind,
  readStruct,
  type ThriftStruct,
  type ThriftValue,
  writeStruct,
} from "../../../src/formats/thrift.ts";
import type { PartFile, Session } from "../../../src/sdk/mod.ts";

/** Columns of all kinds: repeated texts (dictionary and bloom filter), nested ones, NULLs, decimals, times. */
const COLUMNS = `
  i::INTEGER AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'text ' || (i % 50) END AS t, i * 1.5 AS f,
  (i / 3)::DECIMAL(18, 4) AS d, TIMESTAMP '2020-01-01' + to_seconds(i) AS at, [i, i + 1] AS l,
  {a: i, b: {c: 'x' || i}} AS s, i % 2 = 0 AS b, ('\\x0' || (i % 10))::BLOB AS bytes, uuid() AS u`;

async function within(body: (session: Session, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const session = await createSession();
  try {
    await body(session, folder);
  } finally {
    await session.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const partOf = (bytes: Uint8Array): PartFile => ({
  size: bytes.length,
  open: (start, end) => Promise.resolve(ReadableStream.from([bytes.slice(start, end)])),
});

const filePart = async (path: string) => partOf(await Deno.readFile(path));

/** Writes rows `from` to `to`, and returns the file. */
async function write(
  session: Session,
  path: string,
  rows: { from: number; to: number; columns?: string; options?: string },
): Promise<string> {
  await session.run(
    `COPY (SELECT ${rows.columns ?? COLUMNS} FROM range(${rows.from}, ${rows.to}) AS r(i)) TO '${path}'
     (FORMAT parquet${rows.options ?? ""})`,
  );
  return path;
}

async function join(
  paths: readonly string[],
  target: string,
  options?: { rowGroupSize?: number },
): Promise<boolean> {
  const joined = await joinParquet(await Promise.all(paths.map(filePart)), options);
  if (joined === undefined) return false;
  await Deno.writeFile(target, joined);
  return true;
}

Deno.test("parts are joined by their bytes: rows, order, statistics and filters are those of the parts", () =>
  within(async (session, folder) => {
    for (const options of ["", ", COMPRESSION zstd", ", PARQUET_VERSION v2", ", COMPRESSION uncompressed"]) {
      const paths = [
        await write(session, `${folder}/0.parquet`, { from: 0, to: 50_000, options }),
        await write(session, `${folder}/1.parquet`, { from: 50_000, to: 50_000, options }),
        await write(session, `${folder}/2.parquet`, { from: 50_000, to: 250_000, options }),
        await write(session, `${folder}/3.parquet`, { from: 250_000, to: 300_000, options }),
      ];
      const target = `${folder}/joined.parquet`;
      assert.ok(await join(paths, target), options);
      const list = paths.map((path) => `'${path}'`).join(", ");
      const different = await session.query<{ n: bigint }>(
        `SELECT count(*) AS n FROM (FROM read_parquet('${target}', file_row_number = true)) AS a
         FULL JOIN (SELECT *, row_number() OVER () - 1 AS n FROM read_parquet([${list}])) AS b ON a.file_row_number = b.n
         WHERE (a.id, a.t, a.f, a.d, a.at, a.l, a.s, a.b, a.bytes, a.u)
           IS DISTINCT FROM (b.id, b.t, b.f, b.d, b.at, b.l, b.s, b.b, b.bytes, b.u)`,
      );
      assert.equal(different[0]!.n, 0n, options);
      const statistics = (from: string) =>
        session.query(
          `SELECT row_group_num_rows, path_in_schema, num_values, CAST(stats_min_value AS VARCHAR) AS low, stats_null_count,
             stats_distinct_count, compression, encodings, total_compressed_size
           FROM parquet_metadata(${from}) ORDER BY ${
            from.startsWith("[") ? "file_name, row_group_id, column_id" : "row_group_id, column_id"
          }`,
        );
      assert.deepEqual(await statistics(`'${target}'`), await statistics(`[${list}]`), options);
      const one = async (sql: string) =>
        Object.values((await session.query<Record<string, bigint>>(sql))[0]!)[0];
      assert.equal(await one(`SELECT count(*) FROM '${target}' WHERE id BETWEEN 123456 AND 123460`), 5n);
      assert.equal(await one(`SELECT count(*) FROM '${target}' WHERE t = 'text 49'`), 5142n);
      assert.equal(
        await one(
          `SELECT count(*) FROM parquet_bloom_probe('${target}', 't', 'no such text') WHERE bloom_filter_excludes`,
        ),
        await one(
          `SELECT count(*) FROM parquet_bloom_probe([${list}], 't', 'no such text') WHERE bloom_filter_excludes`,
        ),
        "the bloom filters are found where the footer says",
      );
      const [file] = await session.query<{ rows: bigint; groups: bigint }>(
        `SELECT num_rows AS rows, num_row_groups AS groups FROM parquet_file_metadata('${target}')`,
      );
      assert.deepEqual([file!.rows, file!.groups], [300_000n, 4n]);
    }
  }));

Deno.test("parts that are not alike, too small or no Parquet are left to be written again", () =>
  within(async (session, folder) => {
    const large = await write(session, `${folder}/large.parquet`, { from: 0, to: 122_880, columns: "i" });
    const other = await write(session, `${folder}/other.parquet`, {
      from: 0,
      to: 122_880,
      columns: "i AS j",
    });
    const retyped = await write(session, `${folder}/type.parquet`, {
      from: 0,
      to: 9,
      columns: "i::INTEGER AS i",
    });
    const small = await write(session, `${folder}/small.parquet`, { from: 0, to: 1000, columns: "i" });
    const noted = await write(session, `${folder}/noted.parquet`, {
      from: 0,
      to: 122_880,
      columns: "i",
      options: ", KV_METADATA {note: 'mine'}",
    });
    const target = `${folder}/joined.parquet`;
    assert.ok(await join([large, large], target));
    assert.ok(await join([large, small], target), "few small ones among large ones do no harm");
    for (const [what, paths] of Object.entries({ other, retyped, noted })) {
      assert.ok(!await join([large, paths], target), what);
    }
    assert.ok(
      !await join([small, small, large, small, small, small, small, small], target),
      "too many small ones",
    );
    assert.ok(await join([small, small], target, { rowGroupSize: 2048 }), "small as they were asked for");

    const bytes = await Deno.readFile(large);
    const magic = (text: string) => {
      const changed = bytes.slice();
      changed.set(new TextEncoder().encode(text), bytes.length - 4);
      return changed;
    };
    const longer = bytes.slice();
    new DataView(longer.buffer).setUint32(bytes.length - 8, bytes.length, true);
    const shorter = bytes.slice();
    new DataView(shorter.buffer).setUint32(bytes.length - 8, 20, true);
    const damaged = [
      new Uint8Array(3),
      new Uint8Array(100),
      magic("PARE"),
      longer,
      shorter,
      bytes.slice(0, -9),
    ];
    for (const [index, part] of damaged.entries()) {
      assert.equal(await joinParquet([partOf(bytes), partOf(part)]), undefined, `damage ${index}`);
    }
  }));

Deno.test("a file with columns in other files is not taken apart", () =>
  within(async (session, folder) => {
    const path = await write(session, `${folder}/a.parquet`, { from: 0, to: 200_000, columns: "i" });
    const bytes = await Deno.readFile(path);
    const footer = footerOf(bytes);
    const tree = readStruct(footer);
    const group = (valueOf(tree, 4) as { items: ThriftValue[] }).items[0] as ThriftStruct;
    const chunk = (valueOf(group, 1) as { items: ThriftValue[] }).items[0] as ThriftStruct;
    chunk.fields.unshift({ id: 1, kind: Kind.BINARY, value: new TextEncoder().encode("other.parquet") });
    const changed = writeStruct(tree);
    const file = new Uint8Array(bytes.length - footer.length + changed.length);
    file.set(bytes.subarray(0, bytes.length - 8 - footer.length));
    file.set(changed, bytes.length - 8 - footer.length);
    file.set(bytes.subarray(-8), file.length - 8);
    new DataView(file.buffer).setUint32(file.length - 8, changed.length, true);
    assert.equal(await joinParquet([partOf(file), partOf(bytes)]), undefined);
  }));

Deno.test("footers are written byte for byte as they were read, and cut ones are refused", () =>
  within(async (session, folder) => {
    const path = await write(session, `${folder}/a.parquet`, { from: 0, to: 300_000 });
    const footer = footerOf(await Deno.readFile(path));
    assert.deepEqual(writeStruct(readStruct(footer)), footer);
    for (let length = 0; length < footer.length; length += 7) {
      assert.throws(() => readStruct(footer.subarray(0, length)), RangeError, `cut to ${length}`);
    }
  }));

Deno.test("structs of any kind survive; nonsense is refused", () => {
  const bytes = fc.uint8Array({ maxLength: 20 });
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const leaf: fc.Arbitrary<{ kind: number; value: ThriftValue }> = fc.oneof(
    int64.map((value) => ({ kind: Kind.I64, value })),
    bytes.map((value) => ({ kind: Kind.BINARY, value })),
    fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value) => ({ kind: Kind.DOUBLE, value })),
    fc.constantFrom(Kind.TRUE, Kind.FALSE).map((kind) => ({ kind, value: 0 })),
    fc.nat(255).map((value) => ({ kind: Kind.BYTE, value })),
    fc.array(int64, { maxLength: 40 }).map((items) => ({ kind: Kind.LIST, value: { of: Kind.I32, items } })),
    fc.array(fc.tuple(bytes, int64), { minLength: 1 }).map((entries) => ({
      kind: Kind.MAP,
      value: { keys: Kind.BINARY, values: Kind.I64, entries },
    })),
  );
  const { struct } = fc.letrec<{ struct: ThriftStruct; value: { kind: number; value: ThriftValue } }>((
    tie,
  ) => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      tie("struct").map((value) => ({ kind: Kind.STRUCT, value })),
    ),
    struct: fc.array(fc.tuple(fc.integer({ min: 1, max: 32_767 }), tie("value")), { maxLength: 6 }).map((
      fields,
    ) => ({
      fields: fields.map(([id, field]) => ({ id, ...field })),
    })),
  }));
  fc.assert(fc.property(struct, (value) => {
    assert.deepEqual(readStruct(writeStruct(value)), value);
  }));
  const deep = new Uint8Array(1000).fill(0x1c);
  assert.throws(() => readStruct(deep), RangeError);
  assert.throws(() => readStruct(Uint8Array.of(0x1e, 0, 0)), /unknown kind 14/);
  assert.throws(() => readStruct(new Uint8Array(12).fill(255)), RangeError);
});

function footerOf(bytes: Uint8Array): Uint8Array {
  const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  return bytes.slice(bytes.length - 8 - length, bytes.length - 8);
}

function valueOf(struct: ThriftStruct, id: number): ThriftValue {
  return struct.fields.find((field) => field.id === id)!.value;
}
