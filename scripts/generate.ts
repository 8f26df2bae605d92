// deno-lint-ignore-file no-console -- a script prints.
/**
 * Writes the generated docs: `deno task generate`. With `--check` it writes nothing, prints what is stale and the command
 * that mends it, and exits 1.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "./files.ts";
import { describeStale, generatedFiles, type StaleFile, staleFiles } from "./generate/files.ts";
import { loadSources } from "./project.ts";

/** Brings one file to what it should be. */
export async function mend(root: string, { path, expected }: StaleFile): Promise<void> {
  const full = join(root, path);
  if (expected === undefined) return await Deno.remove(full);
  await Deno.mkdir(dirname(full), { recursive: true });
  await Deno.writeTextFile(full, expected);
}

if (import.meta.main) {
  const root = fileURLToPath(ROOT);
  const files = generatedFiles(await loadSources());
  const stale = await staleFiles(root, files);
  if (!Deno.args.includes("--check")) {
    for (const file of stale) await mend(root, file);
    console.log(`${files.size} generated files, ${stale.length} changed`);
  } else if (stale.length > 0) {
    for (const file of stale) console.error(describeStale(file));
    console.error("\nRun `deno task generate` and commit what it writes.");
    Deno.exit(1);
  } else console.log(`${files.size} generated files are up to date`);
}
