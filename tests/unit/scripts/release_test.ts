import assert from "node:assert/strict";
import { checksumsText } from "../../../scripts/release/fill.ts";
import { type LockFile, sbomOf } from "../../../scripts/release/sbom.ts";

const OPTIONS = { version: "1.2.3", commit: "abc", deno: "2.9.6", time: "2026-01-31T00:00:00Z" };

Deno.test("the bill of materials names every locked package, its hash and what it needs", async () => {
  const lock = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.lock", import.meta.url)),
  ) as LockFile;
  const sbom = sbomOf(lock, { ...OPTIONS, testsOnly: ["fast-check", "pure-rand"] });
  const components = sbom.components as {
    name: string;
    version: string;
    purl?: string;
    hashes?: { content: string }[];
  }[];
  const names = components.map(({ name }) => name);
  for (const id of Object.keys(lock.npm!)) {
    const name = id.replace(/(?<=.)@.*$/, "");
    assert.equal(names.includes(name), !["fast-check", "pure-rand"].includes(name), id);
  }
  const engine = components.find(({ name }) => name === "@duckdb/node-bindings-linux-x64")!;
  assert.equal(engine.purl, `pkg:npm/%40duckdb/node-bindings-linux-x64@${engine.version}`);
  assert.match(engine.hashes![0]!.content, /^[0-9a-f]{128}$/);
  const dependencies = sbom.dependencies as { ref: string; dependsOn: string[] }[];
  const api = dependencies.find(({ ref }) => ref.startsWith("pkg:npm/%40duckdb/node-api@"))!;
  assert.ok(api.dependsOn.some((ref) => ref.startsWith("pkg:npm/%40duckdb/node-bindings@")));
  assert.ok(names.includes("deno"), "the runtime is part of it");
  const refs = new Set(components.map((component) => component.purl));
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) assert.ok(refs.has(ref), ref);
});

Deno.test("packages with peers, and several versions of one", () => {
  const lock: LockFile = {
    npm: {
      "a@1.0.0_b@2.0.0": { dependencies: ["b@2.0.0", "c"] },
      "b@1.0.0": {},
      "b@2.0.0": {},
      "c@3.0.0": {},
    },
  };
  const dependencies = sbomOf(lock, OPTIONS).dependencies as { ref: string; dependsOn: string[] }[];
  assert.deepEqual(dependencies[0], {
    ref: "pkg:npm/a@1.0.0",
    dependsOn: ["pkg:npm/b@2.0.0", "pkg:npm/c@3.0.0"],
  });
  assert.throws(() => sbomOf({ npm: { nonsense: {} } }, OPTIONS), /without a version/);
});

Deno.test("checksums are in the form that sha256sum checks", () => {
  const text = checksumsText(new Map([["b.zip", "2".repeat(64)], ["a.tar.gz", "1".repeat(64)]]));
  assert.equal(text, `${"1".repeat(64)}  a.tar.gz\n${"2".repeat(64)}  b.zip\n`);
});
