import assert from "node:assert/strict";
import { z } from "zod";
import { filestore, filestoreConnectors } from "../../../../src/connectors/filestore/mod.ts";
import type { FilestoreConfig } from "../../../../src/connectors/filestore/config.ts";
import { fileNamePart, partName } from "../../../../src/connectors/filestore/naming.ts";
import type { Incremental, WriteMode } from "../../../../src/sdk/mod.ts";
import "./support.ts";

const connector = (name: string) => filestoreConnectors.find((definition) => definition.name === name)!;
const write = (config: FilestoreConfig, mode: WriteMode = "overwrite", name = "filestore") =>
  connector(name).checkWrite!(config, { mode, mergeKeys: [], strategy: "upsert" });
const read = (config: FilestoreConfig, incremental?: Incremental, name = "filestore") =>
  connector(name).checkRead!(config, { incremental });

Deno.test("the schema: format options beside the keys, strict, every key described", () => {
  for (const definition of filestoreConnectors) {
    const schema = z.toJSONSchema(definition.config, { io: "input" }) as {
      properties: Record<string, { description?: string; "x-path"?: boolean }>;
      additionalProperties: boolean;
    };
    assert.equal(schema.additionalProperties, false);
    for (const [key, value] of Object.entries(schema.properties)) {
      assert.ok((value.description ?? "").length > 10, `${definition.name}.${key}`);
    }
    assert.equal(schema.properties.path!["x-path"], true);
    assert.equal("format" in schema.properties, definition.name === "filestore");
    assert.equal("delimiter" in schema.properties, ["filestore", "csv"].includes(definition.name));
    assert.equal("row_group_size" in schema.properties, ["filestore", "parquet"].includes(definition.name));
  }
  assert.ok(!filestore.config.safeParse({ path: "a.csv", delimeter: ";" }).success);
  assert.ok(!filestore.config.safeParse({ path: "a.csv", columns: { a: "intt" } }).success);
  assert.ok(
    filestore.config.safeParse({ path: "a.csv", columns: { a: "decimal(10,2)" }, delimiter: ";" }).success,
  );
});

Deno.test("write problems name their key", () => {
  const cases: [FilestoreConfig, WriteMode, string | undefined, RegExp?][] = [
    [{ path: "a.csv" }, "overwrite", undefined],
    [{ path: "out/", format: "csv" }, "append", undefined],
    [{ path: "out\\", format: "csv" }, "append", undefined],
    [{ path: "a.csv" }, "append", "write_mode", /end the path with \//],
    [{ path: "a*.csv" }, "overwrite", "path"],
    [{ path: "a.unknown" }, "overwrite", "format", /csv \| json/],
    [{ path: "out/" }, "append", "format"],
    [{ path: "a.csv", format: "cvs" }, "overwrite", "format", /did you mean "csv"/],
    [{ path: "s3://b/k.csv" }, "overwrite", "path"],
    [{ path: "a.csv", columns: { a: "int" } }, "overwrite", "columns"],
    [{ path: "a.csv", row_group_size: 5000 }, "overwrite", "row_group_size", /set format: parquet/],
    [{ path: "a.parquet", delimiter: ";" }, "overwrite", "delimiter"],
    [{ path: "a.csv", compression: "snappy" }, "overwrite", "compression", /none, gzip, zstd/],
    [{ path: "a.parquet", partition_by: ["a"] }, "overwrite", "partition_by"],
    [{ path: "a.parquet", max_rows_per_file: 5 }, "overwrite", "max_rows_per_file"],
    [
      { path: "o/", format: "csv", max_bytes_per_file: 5, partition_by: ["a"] },
      "append",
      "max_bytes_per_file",
    ],
    [{ path: "o/", format: "csv", max_rows_per_file: 5, partition_by: ["a"] }, "append", undefined],
  ];
  for (const [config, mode, key, hint] of cases) {
    const problems = write(config, mode);
    assert.deepEqual(
      problems.map((p) => p.key.join(".")),
      key === undefined ? [] : [key],
      JSON.stringify(config),
    );
    if (hint !== undefined) assert.match(problems[0]!.hint!, hint);
  }
});

Deno.test("read problems name their key", () => {
  const by = (strategy: Incremental["strategy"], cursorColumn?: string): Incremental => ({
    strategy,
    cursorColumn,
    onNull: "error",
    order: "none",
  });
  const cases: [FilestoreConfig, Incremental | undefined, string | undefined][] = [
    [{ path: "in/*.csv.gz" }, undefined, undefined],
    [{ path: "in/*.csv" }, by("modified_time"), undefined],
    [{ path: "in/*.csv" }, by("cursor", "id"), undefined],
    [{ path: "in/*.csv" }, by("cursor"), "incremental.cursor_column"],
    [{ path: "in/*.csv" }, by("modified_time", "id"), "incremental.cursor_column"],
    [{ path: "in/*.csv", partition_by: ["a"] }, undefined, "partition_by"],
    [{ path: "in/", format: "json", quote: "'" }, undefined, "quote"],
    [{ path: "in/*" }, undefined, "format"],
    [{ path: "sftp://h/x.csv" }, undefined, "path"],
  ];
  for (const [config, incremental, key] of cases) {
    assert.deepEqual(
      read(config, incremental).map((p) => p.key.join(".")),
      key === undefined ? [] : [key],
      JSON.stringify(config),
    );
  }
  assert.deepEqual(read({ path: "in/*" }, undefined, "csv"), [], "type: csv fixes the format");
});

Deno.test("defaults, descriptions, examples", () => {
  assert.equal(filestore.defaultWriteMode!({ path: "a.csv" }), "overwrite");
  assert.equal(filestore.defaultWriteMode!({ path: "out/" }), "append");
  assert.equal(filestore.describe({ path: "in/*.csv.gz" }), "in/*.csv.gz (csv)");
  assert.equal(connector("jsonl").describe({ path: "in/" }), "in/ (jsonl)");
  assert.deepEqual(filestoreConnectors.map((c) => c.name), ["filestore", "csv", "json", "jsonl", "parquet"]);
  for (const definition of filestoreConnectors) assert.ok(definition.examples.length > 0, definition.name);
});

Deno.test("file names: unique for names of any kind, safe on every system", () => {
  const cases: [string, string][] = [["load-orders_2", "load-orders_2"], ["a.b/c", "a%2Eb%2Fc"], [
    "é x",
    "%C3%A9%20x",
  ]];
  for (const [name, expected] of cases) assert.equal(fileNamePart(name), expected);
  const name = partName({ recipe: "r", resource: "main", ending: ".csv.gz" }, { sequence: 12, part: 3 });
  assert.equal(name, "r-main-00000012-0003.csv.gz");
});
