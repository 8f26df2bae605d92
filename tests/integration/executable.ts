/** An executable of this machine, made once for all tests; and what is in it, unpacked as it unpacks itself. */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Embedded, readEmbedded } from "../../scripts/compile/embedded.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Executable {
  readonly path: string;
  readonly embedded: Embedded;
  /** What `scripts/compile.ts` printed. */
  readonly printed: string;
}

/**
 * Runs `scripts/compile.ts`. Where DENORT_BIN names no runtime, `deno` itself stands in for it: the executable is whole
 * but for the runtime, and can't be run.
 */
export async function compile(
  output: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Executable> {
  const runtime = Deno.env.get("DENORT_BIN");
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "scripts/compile.ts",
      "--output",
      output,
      ...args,
      ...(runtime === undefined ? ["--embed-only"] : []),
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env, DENORT_BIN: runtime ?? Deno.execPath() },
  }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(printed);
  return { path: output, embedded: readEmbedded(await Deno.readFile(output)), printed };
}

/**
 * Writes what an executable holds into a folder, as the executable does when it starts, with a `deno.json` for what the
 * runtime is told by the executable's settings.
 */
export async function unpack(embedded: Embedded, folder: string): Promise<void> {
  const made = new Set<string>();
  const makeFor = async (path: string) => {
    const parent = dirname(join(folder, path));
    if (!made.has(parent)) await Deno.mkdir(parent, { recursive: true });
    made.add(parent);
  };
  for (const { path } of embedded.files) {
    await makeFor(path);
    await Deno.writeFile(join(folder, path), embedded.read(path));
  }
  for (const [path, target] of embedded.links) {
    await makeFor(path);
    await Deno.symlink(relative(dirname(join(folder, path)), join(folder, target)), join(folder, path), {
      type: "dir",
    });
  }
  const { imports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports, nodeModulesDir: "manual" }));
}
