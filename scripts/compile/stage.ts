/**
 * The folder that an executable is compiled from: the program's sources with version and commit written into them, and
 * the packages for the system it is made for. The project's own `node_modules` stays as it is.
 */
import { dirname, join } from "node:path";
import { listFiles } from "../files.ts";
import { isFor, type PackageSystem, type Target } from "./targets.ts";

export interface StageOptions {
  /** The project. */
  readonly root: string;
  /** An empty folder. */
  readonly stage: string;
  readonly target: Target;
  readonly commit: string;
}

/** Runs `deno` and gives what it printed. @throws {Error} with that where it fails. */
export async function deno(args: readonly string[], options: { cwd: string }): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: options.cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`deno ${args[0]} failed:\n${new TextDecoder().decode(stderr).trim()}`);
}

/** Copies the sources, stamps them and installs the packages of the target. */
export async function prepareStage(options: StageOptions): Promise<void> {
  const { root, stage, target } = options;
  for (const file of [...await listFiles(root, /^(main|src\/.*)\.ts$/), "deno.json", "deno.lock"]) {
    await Deno.mkdir(join(stage, dirname(file)), { recursive: true });
    await Deno.copyFile(join(root, file), join(stage, file));
  }
  const version = join(stage, "src/version.ts");
  await Deno.writeTextFile(version, stampCommit(await Deno.readTextFile(version), options.commit));
  await deno(["install", "--frozen", "--quiet", "--os", target.os, "--arch", target.cpu], { cwd: stage });
}

/** `src/version.ts` with the commit filled in. @throws {Error} where there is nowhere to write it. */
export function stampCommit(source: string, commit: string): string {
  const stamped = source.replace(/(export const COMMIT = )"";/, `$1${JSON.stringify(commit)};`);
  if (stamped === source) {
    throw new Error("src/version.ts has no `export const COMMIT` to write the commit to.");
  }
  return stamped;
}

/** The part of `deno info --json` that is read. */
interface GraphInfo {
  readonly modules: readonly { readonly kind?: string; readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, { readonly dependencies: readonly string[] }>>;
}

/**
 * Folders under the stage's `node_modules` that the executable does without: packages that no module reaches, packages
 * for other systems, and packages that hold only types. `modules` are the entry points, relative to the stage.
 */
export async function unneededPackages(
  stage: string,
  options: { target: Target; modules: readonly string[] },
): Promise<string[]> {
  const graph = join(stage, "graph_of_all.ts");
  await Deno.writeTextFile(
    graph,
    options.modules.map((module) => `import ${JSON.stringify(`./${module}`)};\n`).join(""),
  );
  const info = JSON.parse(await deno(["info", "--json", graph], { cwd: stage })) as GraphInfo;
  await Deno.remove(graph);
  const needed = reachable(info);
  const unneeded: string[] = [];
  for await (const entry of Deno.readDir(join(stage, "node_modules/.deno"))) {
    const id = packageOfFolder(entry.name);
    if (!entry.isDirectory || id === undefined) continue;
    const { name, version } = id;
    const folder = `node_modules/.deno/${entry.name}`;
    const system = await readSystem(join(stage, folder, "node_modules", name, "package.json"));
    const keep = needed.has(`${name}@${version}`) && isFor(options.target, name, system) &&
      !name.startsWith("@types/");
    if (!keep) unneeded.push(folder, ...await linksTo(stage, entry.name));
  }
  return unneeded.sort();
}

/** `name@version` of all packages that the modules import, and what those need. */
function reachable(info: GraphInfo): Set<string> {
  const seen = new Set<string>();
  const queue = info.modules.flatMap(({ npmPackage }) => npmPackage === undefined ? [] : [npmPackage]);
  for (const id of queue) {
    if (seen.has(id)) continue;
    seen.add(id);
    queue.push(...info.npmPackages[id]?.dependencies ?? []);
  }
  // Behind the version an id names the peers: `a@1.0.0_b@2.0.0`.
  return new Set([...seen].map((id) => /^(@?[^@]+@[^_]+)/.exec(id)?.[1] ?? id));
}

/** `@duckdb+node-api@1.5.5-r.5` as name and version. */
function packageOfFolder(folder: string): { name: string; version: string } | undefined {
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(folder) ?? [];
  return name === undefined ? undefined : { name: name.replace("+", "/"), version: version! };
}

async function readSystem(file: string): Promise<PackageSystem> {
  return JSON.parse(await Deno.readTextFile(file)) as PackageSystem;
}

/** The links under `node_modules` that lead into a package's folder. */
async function linksTo(stage: string, folder: string): Promise<string[]> {
  const links: string[] = [];
  const queue = ["node_modules"];
  for (const path of queue) {
    for await (const entry of Deno.readDir(join(stage, path))) {
      const full = `${path}/${entry.name}`;
      if (entry.isSymlink) {
        const parts = (await Deno.readLink(join(stage, full))).split(/[/\\]/);
        if (parts.includes(folder)) links.push(full);
      } else if (entry.isDirectory && (entry.name.startsWith("@") || isPackageFolder(path, entry.name))) {
        queue.push(full);
      }
    }
  }
  return links;
}

/** Where links can be: `node_modules`, `.deno`, `.deno/<package>/node_modules` and scopes in them. */
function isPackageFolder(path: string, name: string): boolean {
  return path === "node_modules" && name === ".deno" || path === "node_modules/.deno" ||
    path.startsWith("node_modules/.deno/") && name === "node_modules" && path.split("/").length === 3;
}
