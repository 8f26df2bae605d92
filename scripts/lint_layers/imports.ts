/** The imports of the program's files, as Deno's own parser finds them. */
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** One import, export-from, dynamic import or type import. Positions are 1-based. */
export interface Import {
  /** Relative to the root, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** As it is written. */
  readonly specifier: string;
  readonly target: Target;
  /** True where it is only needed for types, and gone when the program runs. */
  readonly typeOnly: boolean;
  /** True for `import(…)`: loaded when it is reached. */
  readonly dynamic: boolean;
}

export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "package"; readonly name: string }
  | { readonly kind: "builtin" }
  | { readonly kind: "remote" }
  | { readonly kind: "unresolved"; readonly why: string };

interface Resolved {
  readonly specifier?: string;
  readonly error?: string;
  readonly span?: { readonly start: { readonly line: number; readonly character: number } };
}

interface InfoModule {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: Resolved;
    readonly type?: Resolved;
    readonly isDynamic?: boolean;
  }[];
}

/** A file that can't be parsed. */
export interface Unparsed {
  readonly file: string;
  readonly why: string;
}

/** Reads the imports of `files` (relative to `root`). Runs nothing. */
export async function readImports(
  root: string,
  files: readonly string[],
): Promise<{ imports: Import[]; unparsed: Unparsed[] }> {
  const wanted = new Set(files);
  const imports: Import[] = [];
  const unparsed: Unparsed[] = [];
  for (const module of await moduleGraph(root, files)) {
    const file = localPath(root, module.specifier);
    if (file === undefined || !wanted.has(file)) continue;
    if (module.error !== undefined) unparsed.push({ file, why: module.error.split("\n")[0]! });
    for (const dependency of module.dependencies ?? []) {
      const resolved = dependency.code ?? dependency.type ?? {};
      const start = resolved.span?.start;
      imports.push({
        file,
        line: (start?.line ?? 0) + 1,
        column: (start?.character ?? 0) + 1,
        specifier: dependency.specifier,
        target: targetOf(root, resolved),
        typeOnly: dependency.code === undefined,
        dynamic: dependency.isDynamic ?? false,
      });
    }
  }
  return { imports, unparsed };
}

/** One run of `deno info` over a file that imports them all: it takes one root only. */
async function moduleGraph(root: string, files: readonly string[]): Promise<readonly InfoModule[]> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = files.map((file) => `import(${JSON.stringify(pathToFileURL(join(root, file)).href)});`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const config = join(root, "deno.json");
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", config, entry],
      cwd: root,
    }).output();
    if (!output.success) throw new Error(`deno info failed: ${new TextDecoder().decode(output.stderr)}`);
    return JSON.parse(new TextDecoder().decode(output.stdout)).modules;
  } finally {
    await Deno.remove(entry);
  }
}

function targetOf(root: string, resolved: Resolved): Target {
  const { specifier, error } = resolved;
  if (specifier === undefined) return { kind: "unresolved", why: error ?? "it can't be resolved" };
  const file = localPath(root, specifier);
  if (file !== undefined) return { kind: "file", path: file };
  if (specifier.startsWith("node:")) return { kind: "builtin" };
  const name = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)/.exec(specifier)?.[1];
  return name === undefined ? { kind: "remote" } : { kind: "package", name };
}

function localPath(root: string, specifier: string): string | undefined {
  if (!specifier.startsWith("file:")) return undefined;
  const path = relative(root, fileURLToPath(specifier)).replaceAll(sep, "/");
  return path.startsWith("../") ? undefined : path;
}
