// deno-lint-ignore-file no-console -- a script prints.
/**
 * Everything that must hold before a change is done: `deno task ok`. Exits 1 if anything does not.
 *
 *     --no-tests   leave the tests out, where they run by themselves
 */
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "./files.ts";
import { ignoredReasons, resultLine, runSteps, type Step } from "./ok/steps.ts";

const noTests = Deno.args.includes("--no-tests");

/** The quick and the fundamental first. */
const GROUPS: readonly (readonly Step[])[] = [
  [
    { name: "format", args: ["fmt", "--check", "--quiet"] },
    { name: "lint", args: ["lint", "--quiet"] },
    { name: "layers", args: ["run", "-A", "scripts/lint_layers.ts"] },
  ],
  [{ name: "types", args: ["check", "--quiet", "main.ts", "src", "scripts", "tests"] }],
  [
    { name: "docs", args: ["run", "-A", "scripts/docs_check.ts"] },
    { name: "generated", args: ["run", "-A", "scripts/generate.ts", "--check"] },
    { name: "recipes", args: ["run", "-A", "main.ts", "test", "recipes/"] },
  ],
  [{
    name: "tests",
    args: ["task", "--quiet", "test"],
    live: true,
    skip: noTests ? "--no-tests" : undefined,
  }],
];

/** Runs `deno` and keeps what it prints; shows it as it comes where the step is a live one. */
async function runDeno(step: Step): Promise<{ success: boolean; output: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...step.args],
    cwd: fileURLToPath(ROOT),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const keep = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      output += decoder.decode(bytes, { stream: true });
      if (step.live) await Deno.stderr.write(bytes);
    }
  };
  const [status] = await Promise.all([child.status, keep(child.stdout), keep(child.stderr)]);
  return { success: status.success, output: stripVTControlCharacters(output) };
}

if (import.meta.main) {
  const start = performance.now();
  const results = await runSteps(GROUPS, {
    run: runDeno,
    report: (result) => {
      const live = GROUPS.flat().some((step) => step.name === result.name && step.live);
      if (result.status === "failed" && !live) console.error(`\n${result.output.trimEnd()}\n`);
      console.log(resultLine(result));
      if (live) { for (const reason of ignoredReasons(result.output)) console.log(`    ignored, ${reason}`); }
    },
  });
  const failed = results.filter((result) => result.status === "failed").map((result) => result.name);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(failed.length === 0 ? `ok, ${seconds}s` : `not ok: ${failed.join(", ")} (${seconds}s)`);
  if (failed.length > 0) Deno.exit(1);
}
