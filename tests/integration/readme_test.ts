/** What README.md and the index of docs/ show is so. */
import assert from "node:assert/strict";
import { cli, runRecipe } from "./cli.ts";
import { queryFile } from "./database.ts";
import { withHome } from "./home.ts";

const ROOT = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", ROOT));

Deno.test("README: the recipe loads, and again loads nothing", async () => {
  await withHome(async (home) => {
    const [, recipe] = /```yaml\n([\s\S]*?)```/.exec(readme)!;
    await Deno.writeTextFile(`${home}/orders.yaml`, recipe!);
    await Deno.mkdir(`${home}/inbox`);
    await Deno.writeTextFile(
      `${home}/inbox/orders-1.csv`,
      "id,amount,ordered_at,status\n1,10.50,2024-01-01 10:00:00,open\n2,3.00,2024-01-02 10:00:00,test\n",
    );
    for (const rows of [1, 0]) {
      const { code, summary, stderr } = await runRecipe("orders.yaml", { cwd: home });
      assert.deepEqual([code, summary.rows_written], [0, rows], stderr);
    }
    assert.deepEqual(await queryFile(`${home}/shop.duckdb`, "SELECT id::INTEGER AS id, amount FROM orders"), [
      { id: 1, amount: "10.50" },
    ]);
  });
});

Deno.test("README: the error looks as it is shown", async () => {
  await withHome(async (home) => {
    const [, recipe] = /```yaml\n([\s\S]*?)```/.exec(readme)!;
    await Deno.writeTextFile(`${home}/orders.yaml`, recipe!.replace("type: csv", "type: cvs"));
    const { code, stderr } = await cli(["run", "orders.yaml"], { cwd: home });
    assert.equal(code, 2);
    const shown = /^ {4}error\[[\s\S]*?\n(?=\n)/m.exec(readme)![0].replaceAll(/^ {4}/gm, "");
    assert.ok(stderr.includes(shown.trimEnd()), stderr);
  });
});

Deno.test("README and docs/README.md: every link leads to a file, every page is in the index", async () => {
  const index = await Deno.readTextFile(new URL("docs/README.md", ROOT));
  for (const [text, base] of [[readme, ROOT], [index, new URL("docs/", ROOT)]] as const) {
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      await Deno.stat(new URL(target!, base));
    }
  }
  for await (const { name } of Deno.readDir(new URL("docs/", ROOT))) {
    if (name !== "README.md" && name.endsWith(".md")) {
      assert.ok(index.includes(`(${name})`), `index: ${name}`);
    }
  }
});
