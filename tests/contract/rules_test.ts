/** The spec and the suites have the same rules. */
import assert from "node:assert/strict";
import { COMMON_RULES } from "./both.ts";
import { DESTINATION_RULES } from "./destination.ts";
import { SOURCE_RULES } from "./source.ts";
import { readStream, streamNames } from "./stream.ts";

const SPEC = new URL("../../docs/specs/connector.md", import.meta.url);

Deno.test("docs/specs/connector.md and the contract suites have the same rules, in the same order", () => {
  const text = Deno.readTextFileSync(SPEC);
  const written = [...text.matchAll(/^- \*\*([CSD]\d+)\*\* /gm)].map((match) => match[1]);
  const tested = [...COMMON_RULES, ...SOURCE_RULES, ...DESTINATION_RULES].map((rule) => rule.id);
  assert.deepEqual(tested, written);
  assert.deepEqual(tested, [...new Set(tested)], "each once");
});

Deno.test("streams: every file says what is hard about it, and reads", () => {
  assert.ok(streamNames().length > 20);
  for (const name of streamNames()) {
    const head = Deno.readTextFileSync(new URL(`../fixtures/streams/${name}.jsonl`, import.meta.url)).split(
      "\n",
    )[0]!;
    assert.match(JSON.parse(head).about, /\w.*\.$/, name);
    assert.ok(readStream(name).schema.fields.length > 0, name);
  }
});
