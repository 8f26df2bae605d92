/** Partitioned writes keep every row, and refuse values that would come back as another. */
import assert from "node:assert/strict";
import { ConnectorError } from "../../../../src/sdk/mod.ts";
import { assertAllRows } from "../../../../src/connectors/filestore/partition_values.ts";
import { bench, openLoad, position } from "./support.ts";

Deno.test(
  "texts that would be read back as NULL are refused before anything is published",
  bench(async (b) => {
    for (const format of ["csv", "parquet"]) {
      for (const value of ["__HIVE_DEFAULT_PARTITION__", "NULL", "null", "Null"]) {
        const path = `${format}/`;
        const destination = await b.destination(
          { path, format, partition_by: ["n", "K"] },
          `${format}${value}`,
        );
        const { load } = await openLoad(destination);
        const batch = await b.select(
          `SELECT * FROM (VALUES (1, NULL, 1), (2, '${value}', 1), (3, 'x', NULL)) t(i, k, n)`,
        );
        const error = await load.writeBatch(batch, position(1)).then(() => undefined, (e) => e);
        assert.ok(error instanceof ConnectorError, `${format} ${value}: ${error}`);
        assert.deepEqual([error.code, error.context], ["PARTITION_VALUE", { column: "K", value }]);
        assert.match(error.hint!, /nullif\(K, /);
        await load.abort();
        assert.deepEqual((await b.tree()).filter((name) => name.includes("/n=")), []);
      }
    }
  }),
);

Deno.test(
  "all other values come back as they were, row for row",
  bench(async (b) => {
    const values = [
      "",
      "a/b=c%",
      "x",
      "X",
      ".",
      "..",
      "a b",
      "ü",
      " x ",
      "x?",
      "nulls",
      "%20",
      "__hive_default__",
    ];
    const rows = [...values.map((k, i) => `(${i}, '${k}')`), "(98, NULL)", "(99, NULL)"].join(", ");
    for (const format of ["csv", "parquet"]) {
      for (const limit of [{}, { max_rows_per_file: 1 }]) {
        const path = `${format}${Object.keys(limit).length}/`;
        const { load } = await openLoad(await b.destination({ path, format, partition_by: ["k"], ...limit }));
        const result = await load.writeBatch(
          await b.select(`SELECT * FROM (VALUES ${rows}) t(i, k)`),
          position(1),
        );
        assert.equal(result.rowsWritten, values.length + 2);
        await load.commit(position(2, { complete: true }));
        const back = (await b.read({ path, format, columns: { k: "string" } })).rows
          .map((row) => [Number(row.i), row.k] as const).sort((x, y) => x[0] - y[0]);
        assert.deepEqual(back, [...values.map((k, i) => [i, k]), [98, null], [99, null]], path);
      }
    }
  }),
);

Deno.test(
  "files that hold fewer rows than were written are an error",
  bench(async (b) => {
    const path = `${b.folder}/a.parquet`;
    await b.session.run(`COPY (SELECT 1 AS i) TO '${path}' (FORMAT parquet)`);
    await assertAllRows(b.session, [path], 1);
    const error = await assertAllRows(b.session, [path], 2).then(() => undefined, (e) => e);
    assert.equal(error.code, "ROWS_LOST");
  }),
);
