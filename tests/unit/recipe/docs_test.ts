import assert from "node:assert/strict";
import { FILTERS } from "../../../src/recipe/template_filters.ts";
import { ROOT_KEYS } from "../../../src/recipe/model/root.ts";

/** This test reads files; all others of the recipe layer run without any permission. */
const page = new URL("../../../docs/recipes.md", import.meta.url);
const folder = new URL("../../../src/recipe/", import.meta.url);
const states = [page, folder].map((path) => Deno.permissions.querySync({ name: "read", path }).state);

Deno.test({
  name: "docs/recipes.md names every key, filter and error code",
  ignore: states.some((state) => state !== "granted"),
  fn: async () => {
    const text = await Deno.readTextFile(page);
    for (const key of ROOT_KEYS) assert.ok(text.includes(`| \`${key}\` `), `key ${key}`);
    for (const filter of FILTERS) assert.ok(text.includes(`\`${filter}\``), `filter ${filter}`);
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isFile) continue;
      const source = await Deno.readTextFile(new URL(entry.name, folder));
      for (const [, code] of source.matchAll(/code: "([A-Z_]{4,})"/g)) {
        assert.ok(text.includes(`\`${code}\``), `${code} of ${entry.name}`);
      }
    }
  },
});
