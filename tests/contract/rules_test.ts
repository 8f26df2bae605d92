/** The spec and the suites have the same rules. */
import assert from "node:assert/strict";
import { COMMON_RULES } from "./both.ts";
import { DESTINATION_RULES } from "./destination.ts";
import { SOURCE_RULES } from "./source.ts";
import { STATE_RULES } from "./state.ts";
import { STORAGE_RULES } from "./storage.ts";
import { readStream, streamNames } from "./stream.ts";

const SPECS: Record<string, readonly { readonly id: string }[]> = {
  "connector.md": [...COMMON_RULES, ...SOURCE_RULES, ...DESTINATION_RULES],
  "state.md": STATE_RULES,
  "storage.md": STORAGE_RULES,
};

Deno.test("docs/specs and the contract suites have the same rules, in the same order", () => {
  const folder = new URL("../../docs/specs/", import.meta.url);
  assert.deepEqual(
    [...Deno.readDirSync(folder)].map((entry) => entry.name).sort(),
    Object.keys(SPECS).sort(),
  );
  for (const [name, rules] of Object.entries(SPECS)) {
    const text = Deno.readTextFileSync(new URL(name, folder));
    const written = [...text.matchAll(/^- \*\*([A-Z]\d+)\*\* /gm)].map((match) => match[1]);
    const tested = rules.map((rule) => rule.id);
    assert.deepEqual(tested, written, name);
    assert.deepEqual(tested, [...new Set(tested)], "each once");
  }
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
