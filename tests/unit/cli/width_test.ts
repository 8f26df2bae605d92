import assert from "node:assert/strict";
import { displayWidth, pad, truncate, visible, wrap } from "../../../src/cli/width.ts";

Deno.test("displayWidth counts cells, not characters", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["\x1b[1;31mabc\x1b[0m", 3],
    ["日本", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["👍", 2],
    ["a日b", 4],
  ];
  for (const [text, width] of cases) assert.equal(displayWidth(text), width, JSON.stringify(text));
});

Deno.test("truncate cuts to cells and never splits a wide character", () => {
  const cases: [string, number, string][] = [
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["日本語", 6, "日本語"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["abc", 1, "…"],
    ["abc", 0, ""],
  ];
  for (const [text, width, cut] of cases) assert.equal(truncate(text, width), cut, `${text} to ${width}`);
});

Deno.test("pad fills to cells on either side", () => {
  assert.equal(pad("ab", 4), "ab  ");
  assert.equal(pad("ab", 4, "right"), "  ab");
  assert.equal(pad("日", 4), "日  ");
  assert.equal(pad("\x1b[1mab\x1b[22m", 4), "\x1b[1mab\x1b[22m  ");
  assert.equal(pad("abcde", 4), "abcde");
});

Deno.test("wrap breaks at spaces, keeps line breaks, leaves long words whole", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("one\ntwo", 20), ["one", "two"]);
  assert.deepEqual(wrap("/a/very/long/path is here", 6), ["/a/very/long/path", "is", "here"]);
  assert.deepEqual(wrap("  indented", 20), ["  indented"]);
  assert.deepEqual(wrap("", 20), [""]);
});

Deno.test("visible shows control characters instead of sending them to the terminal", () => {
  assert.equal(visible("a\nb\tc\r"), "a\\nb\\tc\\r");
  assert.equal(visible("\x1b[31mred"), "\\u{1b}[31mred");
  assert.equal(visible("plain é 日"), "plain é 日");
});
