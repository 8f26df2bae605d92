import assert from "node:assert/strict";
import { join } from "node:path";
import { faultsOf } from "../../../scripts/compile/build.ts";
import { readEmbedded } from "../../../scripts/compile/embedded.ts";
import { explainFailure } from "../../../scripts/compile/failure.ts";
import { fetchRuntime } from "../../../scripts/compile/runtime.ts";
import { stampCommit } from "../../../scripts/compile/stage.ts";
import { findTarget, isFor, TARGETS } from "../../../scripts/compile/targets.ts";

Deno.test("targets are found by name and by triple", () => {
  assert.equal(findTarget("macos-arm64")?.triple, "aarch64-apple-darwin");
  assert.equal(findTarget("x86_64-pc-windows-msvc")?.suffix, ".exe");
  assert.equal(findTarget("linux-riscv"), undefined);
  assert.equal(new Set(TARGETS.map(({ triple }) => triple)).size, TARGETS.length);
});

Deno.test("a package belongs to a target by os, cpu and libc", () => {
  const linux = findTarget("linux-x64")!;
  const mac = findTarget("macos-arm64")!;
  assert.ok(isFor(linux, "yaml", {}));
  assert.ok(isFor(linux, "b-linux-x64", { os: ["linux"], cpu: ["x64"] }));
  assert.ok(!isFor(mac, "b-linux-x64", { os: ["linux"], cpu: ["x64"] }));
  assert.ok(!isFor(linux, "b-linux-arm64", { os: ["linux"], cpu: ["arm64"] }));
  assert.ok(!isFor(linux, "b-linux-x64-musl", { os: ["linux"], cpu: ["x64"] }), "by its name");
  assert.ok(!isFor(linux, "b", { os: ["linux"], libc: ["musl"] }));
  assert.ok(isFor(linux, "b", { os: ["!win32"] }));
  assert.ok(!isFor(findTarget("windows-x64")!, "b", { os: ["!win32"] }));
});

Deno.test("the commit is written into the versions, or it is an error", async () => {
  const source = await Deno.readTextFile(new URL("../../../src/version.ts", import.meta.url));
  assert.match(stampCommit(source, "abc123"), /export const COMMIT = "abc123";/);
  assert.throws(() => stampCommit("export const VERSION = '1';", "abc"), /COMMIT/);
});

Deno.test("what is no executable of `deno compile` is said to be none", () => {
  assert.throws(() => readEmbedded(new TextEncoder().encode("#!/bin/sh\n")), /holds nothing/);
  assert.throws(() => readEmbedded(new TextEncoder().encode("d3n0l4nd........{")), /holds nothing/);
});

Deno.test("faults: foreign libraries, missing ones, wrong settings, too big", () => {
  const target = findTarget("linux-x64")!;
  const right = {
    permissions: {},
    prompts: false,
    features: ["worker-options"],
    selfExtracting: true,
    entrypoint: "main.ts",
    links: new Map(),
    read: () => new Uint8Array(),
    files: [
      { path: "n/node-bindings-linux-x64/duckdb.node", bytes: 1 },
      { path: "n/node-bindings-linux-x64/libduckdb.so", bytes: 1 },
    ],
  };
  assert.deepEqual(faultsOf({ embedded: right, bytes: 9, embeddedBytes: 2 }, target), []);
  const wrong = {
    ...right,
    prompts: true,
    features: [],
    selfExtracting: false,
    files: [{ path: "n/node-bindings-linux-x64-musl/libduckdb.so", bytes: 1 }],
  };
  const faults = faultsOf({ embedded: wrong, bytes: 9, embeddedBytes: target.budget + 1 }, target).join("\n");
  for (const part of ["another system", "add-on", "unpack", "worker-options", "ask for", "over the budget"]) {
    assert.ok(faults.includes(part), `${part} in\n${faults}`);
  }
});

Deno.test("failures of `deno compile` in words", () => {
  const download = explainFailure(
    "error sending request for url (https://host/release/v2.9.6/denort-x86_64-unknown-linux-gnu.zip): dns error",
  );
  assert.match(download, /could not be downloaded[\s\S]*denort-x86_64[\s\S]*DENORT_MIRROR[\s\S]*DENORT_BIN/);
  assert.match(explainFailure("Could not find denort at '/none'"), /DENORT_BIN/);
  assert.match(explainFailure("No space left on device (os error 28)"), /disk is full/);
});

/** Serves texts by path on a free port. */
function serve(files: Record<string, string>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const text = files[new URL(request.url).pathname];
    return text === undefined ? new Response("no", { status: 404 }) : new Response(text);
  });
}

Deno.test("the runtime comes from a mirror once, held against its checksum", async (t) => {
  const dir = await Deno.makeTempDir();
  const path = `/mirror/release/v${Deno.version.deno}/denort-t.zip`;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("zip"))).toHex();
  const files: Record<string, string> = {
    [path]: "zip",
    [`${path}.sha256sum`]: `${"0".repeat(64)}  denort-t.zip`,
  };
  await using server = serve(files);
  const options = { mirror: `http://127.0.0.1:${server.addr.port}/mirror/`, triple: "t", denoDir: dir };
  const kept = join(dir, `dl/release/v${Deno.version.deno}/denort-t.zip`);
  await t.step("a wrong checksum keeps nothing", async () => {
    await assert.rejects(fetchRuntime(options), /not the one that its \.sha256sum names/);
    await assert.rejects(Deno.stat(kept), Deno.errors.NotFound);
  });
  await t.step("a right one is kept", async () => {
    files[`${path}.sha256sum`] = `${sum}  denort-t.zip`;
    assert.match(await fetchRuntime(options), /checksum right/);
    assert.equal(await Deno.readTextFile(kept), "zip");
  });
  await t.step("what is there is not fetched again", async () => {
    assert.match(await fetchRuntime({ ...options, mirror: "http://127.0.0.1:1" }), /there already/);
  });
  await t.step("a mirror without it", async () => {
    await assert.rejects(fetchRuntime({ ...options, triple: "other" }), /404/);
  });
  await t.step("a mirror that is not there", async () => {
    await assert.rejects(
      fetchRuntime({ ...options, mirror: "http://127.0.0.1:1", triple: "u" }),
      /can't be fetched/,
    );
  });
  await Deno.remove(dir, { recursive: true });
});
