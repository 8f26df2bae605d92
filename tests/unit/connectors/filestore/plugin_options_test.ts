/** Options of formats that plug-ins register: before the plug-in is imported, and after. */
import assert from "node:assert/strict";
import { z } from "zod";
import { filestore } from "../../../../src/connectors/filestore/mod.ts";
import { checkRecipe } from "../../../../src/plan/mod.ts";
import { loadRecipe } from "../../../../src/recipe/mod.ts";
import {
  type DataLoaderError,
  defineFormat,
  findConnector,
  quoteList,
  registerConnector,
  registerFormat,
} from "../../../../src/sdk/mod.ts";
import { bench } from "./support.ts";

if (findConnector("filestore") === undefined) registerConnector("filestore", filestore);

const fixedWidth = defineFormat({
  name: "fw",
  summary: "Columns by their width",
  extensions: [".fw"],
  options: z.strictObject({
    widths: z.array(z.int()).min(1).optional().describe("Characters of each column."),
    path: z.string().optional().describe("A name that filestore has too."),
  }),
  compressions: ["none"],
  scan: (input, { widths = [1] }) => {
    const starts = widths.map((_, i) => widths.slice(0, i).reduce((a, b) => a + b, 1));
    const items = starts.map((start, i) => `substring(line, ${start}, ${widths[i]}) AS c${i + 1}`);
    return `SELECT ${items.join(", ")} FROM read_csv(${quoteList(input.files)}, auto_detect = false,
      header = false, delim = '', quote = '', escape = '', columns = {line: 'VARCHAR'})`;
  },
});

async function problems(source: string, options = { pluginsPending: true }): Promise<string[]> {
  const text =
    `name: r\nplugins: [fw.ts]\nsource:\n  type: filestore\n${source}destination:\n  type: filestore\n` +
    "  path: out.csv\n  format: csv\n  write_mode: overwrite\n";
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/r.yaml`, text);
    await Deno.writeTextFile(`${folder}/fw.ts`, "");
    return checkRecipe(await load(`${folder}/r.yaml`), options).map((error) => error.message);
  } catch (error) {
    const all = error instanceof AggregateError
      ? error.errors as DataLoaderError[]
      : [error as DataLoaderError];
    return all.map((one) => one.code ?? String(one));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const load = (file: string) =>
  loadRecipe(file, { env: () => undefined, readFile: (path) => Deno.readTextFile(path) });

Deno.test("options of a format pass before its plug-in is imported, and are checked after", async () => {
  const flat = "  path: a.fw\n  widths: [7, 4]\n";
  const nested = "  path: a.fw\n  options: {widths: [7, 4]}\n";
  for (const source of [flat, nested, "  path: a.fw\n", "  path: a.x\n  format: fw\n  widths: [7]\n"]) {
    assert.deepEqual(await problems(source), [], source);
  }
  assert.match((await problems("  path: a.fw\n", { pluginsPending: false }))[0]!, /can't be told/);
  assert.deepEqual(await problems("  path: a.csv\n  widths: [7]\n"), ["UNKNOWN_KEY"]);
  registerFormat("fw", fixedWidth);
  for (const source of [flat, nested]) {
    assert.deepEqual(await problems(source, { pluginsPending: false }), [], source);
  }
  assert.deepEqual(await problems("  path: a.fw\n  width: [7]\n"), ["UNKNOWN_KEY"]);
  assert.equal((await problems("  path: a.fw\n  options: {width: [7]}\n")).length, 1);
  assert.match(
    (await problems("  path: a.fw\n  widths: [1]\n  options: {widths: [7]}\n"))[0]!,
    /given twice/,
  );
  assert.match((await problems("  path: a.csv\n  options: {header: true}\n"))[0]!, /stand beside path/);
});

Deno.test(
  "options reach the format, whichever way they are given",
  bench(async (b) => {
    await b.put("a.fw", "ab1\ncd2\n");
    for (const given of [{ widths: [2, 1] }, { options: { widths: [2, 1] } }]) {
      assert.deepEqual((await b.read({ path: "a.fw", ...given })).rows, [
        { c1: "ab", c2: "1" },
        { c1: "cd", c2: "2" },
      ]);
    }
  }),
);
