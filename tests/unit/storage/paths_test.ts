import assert from "node:assert/strict";
import { expandBraces, globBase, hasGlob, matchesGlob, parseGlob } from "../../../src/storage/glob.ts";
import {
  compressionOf,
  extensionOf,
  isOwnFile,
  joinPath,
  normalizePath,
  parentOf,
  relativeTo,
  schemeOf,
} from "../../../src/storage/paths.ts";

Deno.test("schemes: URLs have one, drive letters are none", () => {
  const cases: [string, string | undefined][] = [
    ["s3://b/k", "s3"],
    ["SFTP://h/x", "sftp"],
    ["file:///tmp/x", "file"],
    ["c:\\data\\x.csv", undefined],
    ["C:/data/x.csv", undefined],
    ["data/x.csv", undefined],
    ["\\\\server\\share\\x.csv", undefined],
  ];
  for (const [path, scheme] of cases) assert.equal(schemeOf(path), scheme, path);
});

Deno.test("normalizePath", () => {
  const cases: [string, boolean, string][] = [
    ["data\\in\\*.csv", true, "data/in/*.csv"],
    ["C:\\data\\x.csv", true, "C:/data/x.csv"],
    ["\\\\server\\share\\x.csv", true, "//server/share/x.csv"],
    ["file:///C:/data/a%20b.csv", true, "C:/data/a b.csv"],
    ["file:///tmp/a%20b.csv", false, "/tmp/a b.csv"],
    ["a\\b.csv", false, "a\\b.csv"],
    ["./data//x.csv", false, "data/x.csv"],
    ["a/./b/./c.csv", false, "a/b/c.csv"],
    ["../a/x.csv", false, "../a/x.csv"],
    ["out/", false, "out/"],
    ["./", false, "."],
  ];
  for (const [path, windows, expected] of cases) assert.equal(normalizePath(path, windows), expected, path);
});

Deno.test("parentOf, joinPath, relativeTo", () => {
  const parents: [string, string][] = [
    ["a/b/c.csv", "a/b"],
    ["c.csv", "."],
    ["/c.csv", "/"],
    ["C:/c.csv", "C:/"],
    ["C:/a/c.csv", "C:/a"],
    ["out/", "."],
    ["a/out/", "a"],
  ];
  for (const [path, parent] of parents) assert.equal(parentOf(path), parent, path);
  assert.equal(joinPath(".", "x"), "x");
  assert.equal(joinPath("/", "x"), "/x");
  assert.equal(joinPath("C:/", "x"), "C:/x");
  assert.equal(relativeTo("a/b", "a/b/c/d.csv"), "c/d.csv");
  assert.equal(relativeTo("a/b", "a/bc/d.csv"), "a/bc/d.csv");
  assert.equal(relativeTo(".", "a.csv"), "a.csv");
});

Deno.test("endings tell format and compression", () => {
  const cases: [string, string, string | undefined][] = [
    ["a/B.CSV", ".csv", undefined],
    ["b.csv.gz", ".csv", "gzip"],
    ["b.jsonl.zst", ".jsonl", "zstd"],
    ["b.JSON.GZIP", ".json", "gzip"],
    ["noending", "", undefined],
    [".hidden", "", undefined],
    ["a.b/c", "", undefined],
    ["x.gz", "", "gzip"],
  ];
  for (const [path, extension, compression] of cases) {
    assert.equal(extensionOf(path), extension, path);
    assert.equal(compressionOf(path), compression, path);
  }
});

Deno.test("own files are known by name", () => {
  for (const path of ["a.csv.run1.tmp", "out/_dataloader_loads/x.json", "x.tmp/part-1.csv"]) {
    assert.ok(isOwnFile(path), path);
  }
  for (const path of ["a.csv", "tmp/a.csv", "a.tmp.csv"]) assert.ok(!isOwnFile(path), path);
});

Deno.test("globs", async (t) => {
  const cases: [string, string[], string[]][] = [
    ["*.csv", ["a.csv", "b c.csv"], ["a.csv.gz", "x/a.csv", ".a.csv"]],
    ["**/*.csv", ["a.csv", "x/a.csv", "x/y/a.csv"], ["a.tsv", ".git/a.csv"]],
    ["x/**", ["x/a"], ["y/a"]],
    ["a?.csv", ["a1.csv", "aé.csv"], ["a.csv", "a12.csv"]],
    ["[ab]1.csv", ["a1.csv", "b1.csv"], ["c1.csv"]],
    ["[!a]1.csv", ["b1.csv"], ["a1.csv"]],
    ["[0-9][0-9].csv", ["07.csv"], ["7.csv", "a7.csv"]],
    ["[]x].csv", ["].csv", "x.csv"], ["y.csv"]],
    ["a+(b).csv", ["a+(b).csv"], ["aab.csv"]],
    [".h*", [".hidden"], ["hidden"]],
    ["a[.csv", ["a[.csv"], ["a.csv"]],
  ];
  for (const [pattern, yes, no] of cases) {
    await t.step(pattern, () => {
      const parts = parseGlob(pattern);
      const matches = (path: string) => matchesGlob(parts, path);
      if (pattern !== "x/**") { for (const path of yes) assert.ok(matches(path), `${path} should match`); }
      for (const path of no) assert.ok(!matches(path), `${path} should not match`);
    });
  }
  assert.ok(matchesGlob(parseGlob("*.CSV", { ignoreCase: true }), "a.csv"));
});

Deno.test("braces and bases", () => {
  assert.deepEqual(expandBraces("a.{csv,tsv}"), ["a.csv", "a.tsv"]);
  assert.deepEqual(expandBraces("{a,b{1,2}}/x"), ["a/x", "b1/x", "b2/x"]);
  assert.deepEqual(expandBraces("a{b"), ["a{b"]);
  const bases: [string, string][] = [
    ["data/in/*.csv", "data/in"],
    ["*.csv", "."],
    ["/*.csv", "/"],
    ["C:/*.csv", "C:/"],
    ["data/2024-*/x.csv", "data"],
    ["../x/**/a.csv", "../x"],
  ];
  for (const [pattern, base] of bases) assert.equal(globBase(pattern), base, pattern);
  assert.ok(hasGlob("a{b,c}") && hasGlob("a?") && !hasGlob("a b"));
});
