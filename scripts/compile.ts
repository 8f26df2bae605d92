// deno-lint-ignore-file no-console -- a script prints.
/**
 * Makes one executable of the program for this machine: `deno task compile [output]`. Default: `dist/dataloader`.
 *
 * `--self-extracting`, because the embedded engine's library must lie beside its add-on on the disk.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { explainFailure } from "./compile/failure.ts";
import { listFiles, ROOT } from "./files.ts";

/** Modules that no import names: entry points of Workers, and commands, which are imported when they are called. */
const BY_NAME = /^src\/(.*\/worker|cli\/call|cli\/commands\/.*)\.ts$/;

if (import.meta.main) {
  const root = fileURLToPath(ROOT);
  const windows = Deno.build.os === "windows";
  const output = Deno.args[0] ?? join("dist", windows ? "dataloader.exe" : "dataloader");
  await Deno.mkdir(join(root, dirname(output)), { recursive: true });
  const included = await listFiles(root, BY_NAME);
  const flags = [
    "--allow-all",
    "--self-extracting",
    ...included.flatMap((file) => ["--include", file]),
    "--output",
    output,
  ];
  const result = await new Deno.Command(Deno.execPath(), {
    args: ["compile", ...flags, "main.ts"],
    cwd: root,
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(result.stderr);
  await Deno.stderr.write(result.stderr);
  if (!result.success) {
    console.error(`\n${explainFailure(text)}`);
    Deno.exit(1);
  }
  const { size } = await Deno.stat(join(root, output));
  console.log(`${output}: ${Math.round(size / 1e6)} MB, for ${Deno.build.target}`);
}
