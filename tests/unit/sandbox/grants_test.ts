import assert from "node:assert/strict";
import type { PlannedAccess } from "../../../src/plan/mod.ts";
import { clean, isBelow, splitHost } from "../../../src/plan/mod.ts";
import {
  absolute,
  errorFromData,
  errorToData,
  grantsFor,
  isNamed,
  parentFolder,
  toDenoPermissions,
  toFlags,
} from "../../../src/sandbox/mod.ts";
import { ConnectorError, RecipeError, RecipeErrors } from "../../../src/sdk/mod.ts";

const access = (kind: PlannedAccess["kind"], value: string, key = ["source", "path"]): PlannedAccess => ({
  kind,
  value,
  key,
});

Deno.test("a plan without access gets what the engine needs, and no more", () => {
  const needs = { state: [], tempDirectory: "/t/x", addonFolder: "/addon", cwd: "/work" };
  assert.deepEqual(toDenoPermissions(grantsFor([], needs)), {
    net: false,
    read: ["/t/x"],
    write: ["/t/x"],
    env: false,
    ffi: ["/addon"],
    run: false,
    sys: false,
    import: false,
  });
});

Deno.test("paths are made absolute; what another one covers is left out; keys are kept", () => {
  const grants = grantsFor(
    [
      access("read", "data/in"),
      access("read", "data/in/a.csv"),
      access("read", "/work/data/../data/in/./b.csv"),
      access("read", "data/inner"),
      access("write", "data/in/a.csv"),
      access("code", "steps/mask.ts", ["plugins", "0"]),
      access("net", "db.example.com:5432", ["source", "host"]),
      access("env", "TOKEN", ["runtime", "code_access", "env", "0"]),
    ],
    { state: [], cwd: "/work" },
  );
  assert.deepEqual(grants.map(({ kind, value, key }) => [kind, value, key]), [
    ["read", "/work/data/in", "source.path"],
    ["read", "/work/data/inner", "source.path"],
    ["write", "/work/data/in/a.csv", "source.path"],
    ["read", "/work/steps", "plugins.0"],
    ["net", "db.example.com:5432", "source.host"],
    ["env", "TOKEN", "runtime.code_access.env.0"],
  ]);
});

Deno.test("flags: one a kind, sorted, commas doubled", () => {
  const grants = grantsFor(
    [access("read", "/b,c"), access("read", "/a b"), access("net", "h:1")],
    { state: [], cwd: "/" },
  );
  assert.deepEqual(toFlags(grants), ["--allow-net=h:1", "--allow-read=/a b,/b,,c"]);
});

Deno.test("paths: POSIX and Windows", () => {
  assert.equal(clean("/a//b/./../c/"), "/a/c");
  assert.equal(clean("/../a"), "/a");
  assert.equal(clean("C:\\data\\in\\"), "C:/data/in");
  assert.equal(clean("../a"), "../a");
  assert.equal(absolute("file:///a%20b/c", "/w"), "/a b/c");
  assert.equal(absolute("x/y", "/w"), "/w/x/y");
  assert.equal(parentFolder("/a"), "/");
  assert.equal(parentFolder("C:/a"), "C:/");
  assert.ok(isBelow("/a", "/a/b"));
  assert.ok(isBelow("/", "/a"));
  assert.ok(!isBelow("/a", "/ab"));
  assert.ok(!isBelow("/a", "/a/../b"));
  assert.deepEqual(splitHost("h:1"), { host: "h", port: "1" });
  assert.deepEqual(splitHost("[::1]:5432"), { host: "[::1]", port: "5432" });
  assert.deepEqual(splitHost("::1"), { host: "::1", port: undefined });
});

Deno.test("what a plug-in says is believed as far as the recipe names it", () => {
  const document = {
    source: {
      url: "https://api.example.com/v1",
      host: "db.example.com",
      port: 5433,
      path: "data/*.csv",
      file: "data/a.csv",
      root: "/",
      everything: "/*.csv",
      token: "API_TOKEN",
    },
    destination: { path: "out/b.csv" },
  };
  const named = (kind: PlannedAccess["kind"], value: string, key: string) =>
    isNamed(access(kind, value, ["source", key]), document, "/work");
  const yes: [PlannedAccess["kind"], string, string][] = [
    ["net", "api.example.com:443", "url"],
    ["net", "db.example.com:5433", "host"],
    ["read", "/work/data", "path"],
    ["read", "/work/data/b.csv", "path"],
    ["read", "/work/data/a.csv", "file"],
    ["env", "API_TOKEN", "token"],
  ];
  for (const [kind, value, key] of yes) assert.ok(named(kind, value, key), `${kind} ${value}`);
  const written = access("write", "/work/out/b.csv.tmp", ["destination", "path"]);
  assert.ok(isNamed(written, document, "/work"), "a destination is written");
  const no: [PlannedAccess["kind"], string, string][] = [
    ["net", "api.example.com:80", "url"],
    ["net", "evil.example.com:443", "url"],
    ["net", "db.example.com:22", "host"],
    ["net", "db.example.com", "host"],
    ["read", "/work", "path"],
    ["read", "/work/secret", "path"],
    ["read", "/", "path"],
    ["read", "/etc", "root"],
    ["read", "/etc", "everything"],
    ["read", "/work/data", "file"],
    ["read", "/work/data/a.csv.d/x", "file"],
    ["read", "/work/data/../secret", "path"],
    ["env", "HOME", "token"],
    ["read", "/work/x", "missing"],
    ["write", "/work/data/a.csv", "file"],
    ["write", "/work/data/a.csv.tmp", "file"],
  ];
  for (const [kind, value, key] of no) assert.ok(!named(kind, value, key), `${kind} ${value} by ${key}`);
});

Deno.test("errors cross with class, place, hint and parts", () => {
  const location = { file: "r.yaml", line: 3, column: 7 };
  const cause = new ConnectorError("A", "inner");
  const error = new ConnectorError("B", "outer", {
    hint: "do",
    context: { x: 1 },
    location,
    retryable: true,
    cause,
  });
  const back = errorFromData(structuredClone(errorToData(error)));
  assert.ok(back instanceof ConnectorError);
  assert.deepEqual(back.toJSON(), error.toJSON());
  assert.ok(back.cause instanceof ConnectorError && back.cause.code === "A");
  const several = new RecipeErrors([new RecipeError("C", "one", { location }), new RecipeError("D", "two")]);
  const parts = errorFromData(structuredClone(errorToData(several)));
  assert.ok(parts instanceof RecipeErrors);
  assert.deepEqual(parts.errors.map(({ code }) => code), ["C", "D"]);
  assert.equal(errorFromData(errorToData(new TypeError("t"))).code, "UNEXPECTED");
});
