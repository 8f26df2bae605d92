import assert from "node:assert/strict";
import { createSession } from "../../../src/batch/mod.ts";
import {
  destinationNames,
  diffColumns,
  isVariantOf,
  nextVersion,
  type SchemaRegistry,
  shortenName,
  variantName,
  type VersionColumn,
} from "../../../src/schema/mod.ts";
import { SchemaFiles, SchemaTable } from "../../../src/state/mod.ts";
import { parseType, type Schema, StateError } from "../../../src/sdk/mod.ts";

const schema = (columns: Record<string, string>): Schema => ({
  fields: Object.entries(columns).map(([name, type]) => ({ name, type: parseType(type)!, nullable: true })),
});
const columns = (of: Record<string, string>): VersionColumn[] =>
  Object.entries(of).map(([name, type]) => ({ name, type, nullable: true }));

Deno.test("what has changed between two versions", () => {
  const before = columns({ id: "int64", name: "string", old: "date" });
  const after = columns({ ID: "int64", name: "json", fresh: "date", added: "time" });
  assert.deepEqual(diffColumns(before, after, new Map([["old", "fresh"]])), [
    { kind: "type", column: "name", from: "string", to: "json" },
    { kind: "renamed", column: "fresh", from: "old", to: "fresh" },
    { kind: "added", column: "added", to: "time" },
  ]);
  assert.deepEqual(diffColumns(before, before.slice(0, 1)).map(({ kind, column }) => `${kind} ${column}`), [
    "removed name",
    "removed old",
  ]);
});

Deno.test("a version is made where something has changed; a variant without values stays", () => {
  const now = { runId: "r", time: new Date(0) };
  const first = nextVersion([], {
    ...now,
    schema: schema({ id: "int64", a: "int64", a__v_text: "string" }),
  })!;
  assert.equal(first.version, 1);
  assert.equal(nextVersion([first], { ...now, schema: schema({ id: "int64", a: "int64" }) }), undefined);
  assert.equal(nextVersion([first], { ...now, schema: schema({ id: "int64" }) })!.changes.length, 2);
});

async function bothRegistries(
  body: (registry: SchemaRegistry, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const session = await createSession();
  try {
    await body(new SchemaFiles(`${folder}/schemas`), folder);
    await body(new SchemaTable(session, `${folder}/registry.duckdb`), folder);
  } finally {
    await session.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("registries keep versions by recipe and resource, in order, and refuse a number that is taken", () =>
  bothRegistries(async (registry) => {
    assert.deepEqual(await registry.versions("r'1", "main"), []);
    const now = { runId: "run", time: new Date("2024-01-02T03:04:05Z") };
    const first = nextVersion([], {
      ...now,
      schema: schema({ id: "int64", 'odd "name"': "array<string>" }),
    })!;
    await registry.add("r'1", "main", first);
    const second = nextVersion([first], { ...now, schema: schema({ id: "int64", b: "date" }) })!;
    await registry.add("r'1", "main", second);
    await registry.add("r'1", "other", first);
    assert.deepEqual(await registry.versions("r'1", "main"), [first, second]);
    assert.deepEqual(await registry.versions("r'1", "other"), [first]);
    assert.deepEqual(await registry.versions("r2", "main"), []);
    await assert.rejects(registry.add("r'1", "main", second), (error: StateError) => {
      assert.equal(error.code, "SCHEMA_CONFLICT");
      assert.ok(error.retryable && error.hint);
      return true;
    });
  }));

Deno.test("a registry file that can't be read is named, and nothing is written over it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/r.json`, '{"version": 1, "recipe": "r", "resour');
    const registry = new SchemaFiles(folder);
    const version = nextVersion([], { schema: schema({ id: "int64" }), runId: "run", time: new Date() })!;
    for (const act of [() => registry.versions("r", "main"), () => registry.add("r", "main", version)]) {
      await assert.rejects(act, (error: StateError) => error.code === "SCHEMA_REGISTRY_CORRUPTED");
    }
    assert.match(await Deno.readTextFile(`${folder}/r.json`), /resour$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("two that add the same version: one is told, none is lost", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const version = nextVersion([], { schema: schema({ id: "int64" }), runId: "run", time: new Date() })!;
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => new SchemaFiles(folder).add("r", "main", version)),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await new SchemaFiles(folder).versions("r", "main")).length, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("names beyond a limit are cut by bytes, stay apart, and are cut the same every time", () => {
  const long = "größe_".repeat(20);
  const [a, b] = [shortenName(`${long}a`, 63), shortenName(`${long}b`, 63)];
  assert.notEqual(a, b);
  assert.equal(a, shortenName(`${long}a`, 63));
  for (const name of [a, b, shortenName("東京".repeat(40), 63)]) {
    assert.ok(new TextEncoder().encode(name).length <= 63, name);
    assert.doesNotMatch(name, /\uFFFD/);
  }
  assert.equal(shortenName("short", 63), "short");
  assert.equal(shortenName(long, undefined), long);
});

Deno.test("names of variants keep their ending where they are cut, and are known by it", () => {
  for (const name of ["price", "größe_".repeat(20), "東京".repeat(40), "x".repeat(62), "é".repeat(31)]) {
    for (
      const [kind, limit] of [["string", 63], ["datetime", 63], ["integer", 30], ["date", undefined]] as const
    ) {
      const variant = variantName(name, kind, limit);
      assert.match(variant, /__v_[a-z]+$/);
      if (limit !== undefined) assert.ok(new TextEncoder().encode(variant).length <= limit, variant);
      assert.ok(isVariantOf(variant, ["other", name]), variant);
      assert.ok(!isVariantOf(variant, ["other", `${name}x`]), variant);
    }
  }
  assert.ok(!isVariantOf("price", ["price"]));
  assert.ok(isVariantOf("Price__v_text", ["price"]));
});

Deno.test("two columns that would get one name are told", () => {
  const cut = shortenName("x".repeat(80), 63);
  assert.throws(() => destinationNames(["x".repeat(80), cut], 63), /"x+" and "x+_[0-9a-f]{8}" would both/);
});
