import assert from "node:assert/strict";
import { displayPath, shortenPaths } from "../../../src/cli/io.ts";
import { wantsColor } from "../../../src/cli/style.ts";

Deno.test("displayPath is relative under the working directory only", () => {
  const cases: [string, string, string][] = [
    ["/a/b/c.yaml", "/a/b", "c.yaml"],
    ["/a/b/c/d.yaml", "/a/b", "c/d.yaml"],
    ["/a/c.yaml", "/a/b", "/a/c.yaml"],
    ["/a/bc/d.yaml", "/a/b", "/a/bc/d.yaml"],
    ["/a/b", "/a/b", "."],
  ];
  for (const [path, cwd, shown] of cases) assert.equal(displayPath(path, cwd), shown, path);
});

Deno.test("shortenPaths shortens whole paths only", () => {
  const cases: [string, string, string][] = [
    ["reads /a/b/x.csv and /a/b/y.csv", "/a/b", "reads x.csv and y.csv"],
    ["FROM '/a/b/x.csv'", "/a/b", "FROM 'x.csv'"],
    ["/x/a/b/c.csv", "/a/b", "/x/a/b/c.csv"],
    ["/a/bc/x.csv", "/a/b", "/a/bc/x.csv"],
    ["/x.csv", "/", "/x.csv"],
  ];
  for (const [text, cwd, short] of cases) assert.equal(shortenPaths(text, cwd), short, text);
});

Deno.test("colour: NO_COLOR, FORCE_COLOR, TERM, terminal", () => {
  const cases: [boolean, Record<string, string>, boolean][] = [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [false, { FORCE_COLOR: "1" }, true],
    [true, { FORCE_COLOR: "0" }, false],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [true, { TERM: "dumb" }, false],
  ];
  for (const [isTerminal, env, color] of cases) {
    assert.equal(wantsColor(isTerminal, (name) => env[name]), color, JSON.stringify([isTerminal, env]));
  }
});
