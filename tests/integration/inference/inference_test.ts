/** What is found of columns by looking at all of their rows: each case is a column of one file. */
import assert from "node:assert/strict";
import { inferSchema } from "../../../src/app/inspect.ts";
import { prepareRecipe } from "../../../src/app/prepare.ts";
import { formatType } from "../../../src/sdk/mod.ts";
import { JSON_CASES, type JsonCase, TEXT_CASES, type TextCase } from "./cases.ts";

/** More rows than a sample has. */
const LATE = 25_000;

for (const rows of [0, LATE]) {
  const when = rows === 0 ? "in few rows" : "told by the last of many rows";
  Deno.test(`types of texts, ${when}`, async (t) => {
    const found = await inferred("csv", csv(TEXT_CASES, rows));
    for (const [index, one] of TEXT_CASES.entries()) {
      await t.step(one.name, () => assert.equal(found[index], one.type));
    }
  });
}

Deno.test("types of JSON values", async (t) => {
  const found = await inferred("jsonl", jsonLines(JSON_CASES));
  for (const [index, one] of JSON_CASES.entries()) {
    await t.step(one.name, () => assert.equal(found[index], one.type));
  }
});

Deno.test("nullable, keys and unique values", async () => {
  const lines = ["id,customer_id,email,name,note"];
  for (let i = 1; i <= 500; i++) lines.push(`${i},${i % 7},u${i}@example.com,n${i},${i % 2 ? "x" : ""}`);
  const columns = await inferredColumns("csv", `${lines.join("\n")}\n`);
  const flags = columns.map(({ name, nullable, primaryKey, unique }) => [name, nullable, primaryKey, unique]);
  assert.deepEqual(flags, [
    ["id", false, true, false],
    ["customer_id", false, false, false],
    ["email", false, false, true],
    ["name", false, false, false],
    ["note", true, false, false],
  ]);
});

Deno.test("a key that is doubled by its last row is none", async () => {
  const ids = Array.from({ length: 30_000 }, (_, i) => `${i}`);
  const columns = await inferredColumns("csv", `id\n${ids.join("\n")}\n0\n`);
  assert.equal(columns[0]!.primaryKey, false);
});

function csv(cases: readonly TextCase[], repeated: number): string {
  const quoted = (text: string) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const most = Math.max(...cases.map(({ values }) => values.length));
  const row = (at: number) => cases.map(({ values }) => quoted(values[at] ?? values[0]!)).join(",");
  const header = cases.map((_, i) => `c${i}`).join(",");
  const first = `${row(0)}\n`.repeat(repeated);
  return `${header}\n${first}${Array.from({ length: most }, (_, at) => row(at)).join("\n")}\n`;
}

function jsonLines(cases: readonly JsonCase[]): string {
  const most = Math.max(...cases.map(({ values }) => values.length));
  const value = ({ values, raw }: JsonCase, at: number) => {
    const found = at < values.length ? values[at]! : values[0]!;
    return raw ? found : JSON.stringify(at < values.length ? values[at] : values[0]);
  };
  return Array.from(
    { length: most },
    (_, at) => `{${cases.map((one, i) => `"c${i}": ${value(one, at)}`).join(", ")}}\n`,
  ).join("");
}

async function inferred(format: string, content: string): Promise<string[]> {
  return (await inferredColumns(format, content)).map(({ type }) => formatType(type));
}

async function inferredColumns(format: string, content: string) {
  const folder = (await Deno.makeTempDir()).replaceAll("\\", "/");
  try {
    await Deno.writeTextFile(`${folder}/rows.${format}`, content);
    await Deno.writeTextFile(
      `${folder}/recipe.yaml`,
      `name: inference
source: {type: ${format}, path: rows.${format}}
destination: {type: parquet, path: out/}
`,
    );
    const { plan } = await prepareRecipe(`${folder}/recipe.yaml`);
    const [found] = await inferSchema(plan, { stateDirectory: `${folder}/state` });
    return found!.columns;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
