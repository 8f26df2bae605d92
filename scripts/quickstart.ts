// deno-lint-ignore-file no-console -- a script: it shows the commands that it runs
/**
 * `deno task quickstart`: runs the recipes of recipes/quickstart by the command line, and shows the first rows of what
 * they have loaded. What it writes is under `out/`; remove that folder to begin again.
 */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const COMMANDS = [
  [
    "run",
    "recipes/quickstart/weather.yaml",
    "recipes/quickstart/earthquakes.yaml",
    "--state-dir",
    "out/.state",
  ],
  ["preview", "recipes/quickstart/wettest_months.yaml", "--limit", "5"],
  ["preview", "recipes/quickstart/strongest_quakes.yaml", "--limit", "5"],
];

for (const command of COMMANDS) {
  console.log(`\n$ dataloader ${command.join(" ")}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", ...command],
    cwd: ROOT,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (code !== 0) Deno.exit(code);
}
console.log(
  "\nRun it again: files that were loaded are not loaded twice. The rows are in out/quickstart.duckdb and",
);
console.log("out/earthquakes/, the recipes in recipes/quickstart/.");
