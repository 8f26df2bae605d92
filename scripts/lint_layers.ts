// deno-lint-ignore-file no-console -- a script prints.
/** Checks who imports whom: `deno run -A scripts/lint_layers.ts`. Prints `file:line:column why`, exits 1 on any. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles, ROOT } from "./files.ts";
import { checkImports, checkOutput, sorted, type Violation } from "./lint_layers/check.ts";
import { readImports } from "./lint_layers/imports.ts";

/** Everything that breaks a rule in the program and the scripts under `root`. */
export async function lintLayers(root: string): Promise<{ files: number; violations: Violation[] }> {
  const files = await listFiles(root, /^(main\.ts|(src|scripts)\/.*\.ts)$/);
  const { imports, unparsed } = await readImports(root, files);
  const output = await Promise.all(
    files.map(async (file) => checkOutput(file, await Deno.readTextFile(join(root, file)))),
  );
  const broken = unparsed.map(({ file, why }): Violation => ({ file, line: 1, column: 1, why }));
  return {
    files: files.length,
    violations: sorted([...checkImports(imports), ...output.flat(), ...broken]),
  };
}

if (import.meta.main) {
  const { files, violations } = await lintLayers(fileURLToPath(ROOT));
  for (const { file, line, column, why } of violations) console.error(`${file}:${line}:${column} ${why}`);
  if (violations.length > 0) Deno.exit(1);
  console.log(`${files} files import only downwards`);
}
