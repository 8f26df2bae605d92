/** `validate` is called by editors, hooks and CI: it must not keep them waiting. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { has } from "../programs.ts";
import { Project } from "./harness.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

const BASE = `name: base
source: {type: csv}
runtime: {batch_size: 1000}
`;
const MIDDLE = `extends: base.yaml
transform: {steps: [{type: filter, where: "id > 1"}]}
destination: {type: duckdb, database: out.duckdb, write_mode: append}
`;
const recipe = (n: number) =>
  `name: r${n}
extends: middle.yaml
source: {path: "in/${n}-*.csv", columns: {id: int, amount: "decimal(10,2)"}, incremental: {strategy: modified_time}}
transform: {steps: [{type: rename_columns, mapping: {amount: total}}, {type: add_column, name: x, value: total * 2}]}
destination: {table: t${n}}
`;

/**
 * Seconds of processor time that a call takes, the least of three: unlike the time on a clock they hardly grow with what else
 * the machine does.
 */
async function cpuSeconds(project: Project, args: readonly string[]): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < 3; i++) {
    const call = `TIMEFORMAT='%U %S'; time "$@" >/dev/null`;
    const { success, stderr } = await new Deno.Command("bash", {
      args: ["-c", call, "bash", Deno.execPath(), "run", "-A", "--no-check", MAIN, ...args],
      cwd: project.dir,
      env: { NO_COLOR: "1", LC_ALL: "C" },
    }).output();
    const printed = new TextDecoder().decode(stderr).trim();
    assert.ok(success, printed);
    seconds.push(printed.split(" ").map(Number).reduce((sum, part) => sum + part, 0));
  }
  return Math.min(...seconds);
}

Deno.test({
  name: "validate: 100 recipes of three levels in 1.5 s, one in 0.4 s of processor time",
  ignore: Deno.build.os === "windows" || !await has("bash"),
  async fn() {
    const recipes = Array.from({ length: 100 }, (_, n) => [`${n}.yaml`, recipe(n)] as const);
    await using project = await Project.create({
      "base.yaml": BASE,
      "middle.yaml": MIDDLE,
      ...Object.fromEntries(recipes),
    });
    const all = await cpuSeconds(project, ["validate", "."]);
    assert.ok(all < 1.5, `${all} s for 100 recipes`);
    const one = await cpuSeconds(project, ["validate", "7.yaml"]);
    assert.ok(one < 0.4, `${one} s for one recipe`);
  },
});
