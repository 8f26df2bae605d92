/** The recipes beside the steps' definitions and in docs/transforms.md run. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runRecipeFromYaml } from "../../../src/mod.ts";
import { builtinTransforms } from "../../../src/transforms/mod.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What the examples read. */
const FILES: Record<string, string> = {
  "orders.csv":
    "id,status,ordered,amount,price,quantity,discount\n1,paid,31/12/2024,1200.50,2.5,4,0.1\n2,open,01/02/2023,9.99,1,1,none\n",
  "customers.csv":
    "id,fname,lname,email,phone,age,joined\n1,Ada,Byron,a@b,12,36,2024-01-31\n2,Tim,Young,,,12,2024-02-29\n",
  "articles.csv": "id,title\n1,Hello World\n2,A  second one\n",
};

/** The orders of examples whose dates are dates. */
const ISO_ORDERS = FILES["orders.csv"]!.replace("31/12/2024", "2024-12-31").replace(
  "01/02/2023",
  "2023-02-01",
);

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(join(folder, name), text);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function jsonl(path: string): Promise<Record<string, unknown>[]> {
  return (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));
}

/** Blocks of the page that begin with their file's name: `# a.yaml` or `// a.ts`. */
async function namedBlocks(): Promise<Map<string, string>> {
  const page = await Deno.readTextFile(join(ROOT, "docs/transforms.md"));
  const blocks = page.matchAll(/^```(?:yaml|ts)\n((?:#|\/\/) (\S+\.(?:yaml|ts))\n[\s\S]*?)^```/gm);
  return new Map([...blocks].map(([, text, name]) => [name!, text!]));
}

Deno.test("every step has an example recipe that runs", async (test) => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "slug.ts"), (await namedBlocks()).get("slug.ts")!);
    for (const { name, examples } of builtinTransforms) {
      ok(examples.length > 0, `${name} has an example`);
      for (const [i, { title, recipe }] of examples.entries()) {
        await test.step(`${name}: ${title}`, async () => {
          const orders = recipe.includes("%d/%m/%Y") ? FILES["orders.csv"]! : ISO_ORDERS;
          await Deno.writeTextFile(join(folder, "orders.csv"), orders);
          const file = join(folder, `${name}_${i}.yaml`);
          await Deno.writeTextFile(file, recipe);
          const summary = await runRecipeFromYaml(file, { stateDir: join(folder, `.state_${name}_${i}`) });
          equal(summary.status, "succeeded");
          equal(summary.rows_written, name === "filter" ? 1 : 2);
        });
      }
    }
  });
});

Deno.test("docs/transforms.md: its recipes give what the page says", async (test) => {
  const blocks = await namedBlocks();
  const expected: Record<string, Record<string, unknown>[]> = {
    "tiers.yaml": [
      { id: 1, year: 2024, tier: "high" },
      { id: 2, year: 2023, tier: "normal" },
    ],
    "slugs.yaml": [
      { id: 1, title: "Hello World", slug: "hello-world" },
      { id: 2, title: "A  second one", slug: "a-second-one" },
    ],
    "masked.yaml": [
      { id: 1, email: "a1ca0ed6e42a23f4758e8a3f6b54de58" },
      { id: 2, email: null },
    ],
  };
  await withFolder(async (folder) => {
    for (const [name, text] of blocks) await Deno.writeTextFile(join(folder, name), text);
    await Deno.writeTextFile(join(folder, "orders.csv"), ISO_ORDERS);
    for (const [name, rows] of Object.entries(expected)) {
      await test.step(name, async () => {
        const summary = await runRecipeFromYaml(join(folder, name), { stateDir: join(folder, ".state") });
        equal(summary.rows_written, 2);
        const written = await jsonl(join(folder, name.replace(".yaml", ".jsonl")));
        written.forEach((row, i) => {
          for (const [key, value] of Object.entries(rows[i]!)) deepEqual(row[key], value, key);
        });
      });
    }
    await test.step("customers.yaml", async () => {
      // The names of the two columns are free for the rename here.
      await Deno.writeTextFile(
        join(folder, "customers.csv"),
        "fname,lname,age,joined\nAda,Byron,36,2024-01-31\nTim,Young,12,2024-02-29\n",
      );
      await runRecipeFromYaml(join(folder, "customers.yaml"), { stateDir: join(folder, ".state") });
      deepEqual(await jsonl(join(folder, "customers.jsonl")), [
        { first_name: "Ada", last_name: "Byron", age: 36, joined: "2024-01-31", loaded_by: "customers" },
      ]);
    });
    await test.step("lengths.ts", async () => {
      const recipe = blocks.get("slugs.yaml")!.replace("slug.ts", "lengths.ts\n      mode: arrow");
      await Deno.writeTextFile(join(folder, "lengths.yaml"), recipe);
      await runRecipeFromYaml(join(folder, "lengths.yaml"), { stateDir: join(folder, ".state_lengths") });
      deepEqual(await jsonl(join(folder, "slugs.jsonl")), [
        { title: "Hello World", length: 11 },
        { title: "A  second one", length: 13 },
      ]);
    });
  });
});
