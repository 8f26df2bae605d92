/** The recipes beside the connectors' definitions and in docs/files.md run. */
import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { filestoreConnectors } from "../../../../src/connectors/filestore/mod.ts";
import { runRecipeFromYaml } from "../../../../src/mod.ts";

const page = await Deno.readTextFile(new URL("../../../../docs/files.md", import.meta.url));

/** Blocks of the page that begin with their file's name: `# a.yaml` or `// a.ts`. */
function block(name: string): string {
  for (const [, text, found] of page.matchAll(/^```(?:yaml|ts)\n((?:#|\/\/) (\S+)\n[\s\S]*?)^```/gm)) {
    if (found === name) return text!;
  }
  throw new Error(`docs/files.md has no ${name}`);
}

async function inFolder(files: Record<string, string | Uint8Array>, body: (folder: string) => Promise<void>) {
  const folder = (await Deno.makeTempDir()).replaceAll("\\", "/");
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const run = (folder: string, recipe: string) =>
  runRecipeFromYaml(`${folder}/${recipe}`, { stateDir: `${folder}/.state` });

Deno.test("docs/files.md: new files are loaded once, into partitions", () =>
  inFolder(
    {
      "events.yaml": block("events.yaml"),
      "landing/a/1.jsonl.gz": gzipSync('{"id":1,"day":"2024-01-01"}\n{"id":2,"day":"2024-01-02"}\n'),
    },
    async (folder) => {
      for (const rows of [2, 0]) assert.equal((await run(folder, "events.yaml")).rows_written, rows);
      await Deno.writeFile(`${folder}/landing/2.jsonl.gz`, gzipSync('{"id":3,"day":"2024-01-01"}\n'));
      assert.equal((await run(folder, "events.yaml")).rows_written, 1);
      const days = [...Deno.readDirSync(`${folder}/lake/events`)].map((entry) => entry.name).sort();
      assert.deepEqual(days, ["_dataloader_loads", "day=2024-01-01", "day=2024-01-02"]);
      const first = [...Deno.readDirSync(`${folder}/lake/events/day=2024-01-01`)].map((entry) => entry.name);
      assert.ok(first.includes("events-main-00000001-0000.parquet"), first.join());
    },
  ));

Deno.test("docs/files.md: the format of one's own reads and writes", () =>
  inFolder(
    {
      "pairs.ts": block("pairs.ts"),
      "pairs.yaml": block("pairs.yaml"),
      "a.pairs": "x: 1\ny: 2\n",
      "b.pairs": "z: 3\n",
    },
    async (folder) => {
      assert.equal((await run(folder, "pairs.yaml")).rows_written, 3);
      const written = gunzipSync(await Deno.readFile(`${folder}/all.pairs.gz`));
      assert.equal(new TextDecoder().decode(written), "x=1\ny=2\nz=3\n");
    },
  ));

/** What the connectors' examples read. */
const FILES = {
  "landing/x/a.jsonl.gz": gzipSync('{"id":1,"event_date":"2024-01-01"}\n'),
  "data/orders-1.csv": "id;postcode;amount\n1;01067;9,50\n2;NULL;1200,00\n",
  "data/export.json": '{"data":{"items":[{"id":1},{"id":2}]}}',
  "data/orders.csv": "id,order_date\n1,2024-01-01\n2,2024-01-02\n",
};

Deno.test("the connectors' examples run", async (t) => {
  await inFolder(FILES, async (folder) => {
    const order = ["filestore", "csv", "json", "parquet", "jsonl"];
    for (const name of order) {
      const { examples } = filestoreConnectors.find((definition) => definition.name === name)!;
      for (const [index, { title, recipe }] of examples.entries()) {
        await t.step(`${name}: ${title}`, async () => {
          // One example reads what another writes.
          const text = recipe.replace("data/orders/", "out/orders/");
          await Deno.writeTextFile(`${folder}/${name}${index}.yaml`, text);
          const summary = await run(folder, `${name}${index}.yaml`);
          assert.equal(summary.rows_written, name === "filestore" ? 1 : 2);
        });
      }
    }
  });
});
