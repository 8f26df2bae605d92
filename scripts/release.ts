// deno-lint-ignore-file no-console -- a script prints.
/**
 * Makes the files of a release from the executables in `dist/`:
 *
 *     deno run -A scripts/release.ts --tag v0.1.0 --repository owner/name [--dist dist] [--partial]
 *
 * Archives, install scripts that know where the release is, the Homebrew formula, the bill of materials and
 * `checksums.txt` over all of them go to `dist/release/`. All targets must be there, unless `--partial`.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { VERSION } from "../src/version.ts";
import { type Target, TARGETS } from "./compile/targets.ts";
import { listFiles, ROOT } from "./files.ts";
import { checksumsText, fill } from "./release/fill.ts";
import { type LockFile, sbomOf } from "./release/sbom.ts";

const root = fileURLToPath(ROOT);

const OPTIONS = {
  tag: { type: "string" },
  repository: { type: "string" },
  dist: { type: "string", default: "dist" },
  partial: { type: "boolean", default: false },
} as const;

async function sha256(file: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(file))).toHex();
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd }).output();
  if (!success) throw new Error(`${command} ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout).trim();
}

/** An archive with the executable under the name `dataloader`, the licence and the man pages; its file name. */
async function pack(target: Target, options: { dist: string; out: string }): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const executable = `dataloader${target.suffix}`;
    await Deno.copyFile(
      join(options.dist, `dataloader-${target.name}${target.suffix}`),
      join(folder, executable),
    );
    await Deno.chmod(join(folder, executable), 0o755).catch(() => {});
    await Deno.copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
    await Deno.mkdir(join(folder, "man"));
    const pages = await listFiles(join(root, "man"), /\.1$/);
    for (const page of pages) await Deno.copyFile(join(root, "man", page), join(folder, "man", page));
    const entries = [executable, "LICENSE", "man"];
    const name = `dataloader-${target.name}${target.os === "win32" ? ".zip" : ".tar.gz"}`;
    const file = join(options.out, name);
    if (target.os === "win32") await run("zip", ["-q", "-r", file, ...entries], folder);
    else await run("tar", ["-czf", file, ...entries], folder);
    return name;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function release(options: { tag: string; repository: string; dist: string; partial: boolean }) {
  const { tag, repository, partial } = options;
  if (tag !== `v${VERSION}`) throw new Error(`The tag is ${tag}, and the sources are of version ${VERSION}.`);
  const dist = resolve(options.dist);
  const out = join(dist, "release");
  await Deno.mkdir(out, { recursive: true });
  const sums = new Map<string, string>();
  for (const target of TARGETS) {
    if (!await isThere(join(dist, `dataloader-${target.name}${target.suffix}`))) {
      if (partial) continue;
      throw new Error(`There is no executable for ${target.name} in ${dist}.`);
    }
    const name = await pack(target, { dist, out });
    sums.set(name, await sha256(join(out, name)));
  }
  const homepage = `https://github.com/${repository}`;
  const values: Record<string, string> = {
    DOWNLOADS: `${homepage}/releases`,
    HOMEPAGE: homepage,
    VERSION,
  };
  for (const [name, sum] of sums) {
    values[`SHA256_${name.replace(/^dataloader-|\..*$/g, "").replaceAll("-", "_").toUpperCase()}`] = sum;
  }
  const templates = { "install.sh": "install.sh", "install.ps1": "install.ps1" };
  const formula = partial ? {} : { "dataloader.rb.template": "dataloader.rb" };
  for (const [from, to] of Object.entries({ ...templates, ...formula })) {
    const text = fill(await Deno.readTextFile(join(root, "packaging", from)), values);
    await Deno.writeTextFile(join(out, to), text);
    sums.set(to, await sha256(join(out, to)));
  }
  const lock = JSON.parse(await Deno.readTextFile(join(root, "deno.lock"))) as LockFile;
  const sbom = sbomOf(lock, {
    version: VERSION,
    commit: await run("git", ["rev-parse", "HEAD"], root),
    deno: Deno.version.deno,
    time: await run("git", ["show", "-s", "--format=%cI", "HEAD"], root),
    testsOnly: ["fast-check", "pure-rand"],
  });
  await Deno.writeTextFile(join(out, "dataloader.cdx.json"), `${JSON.stringify(sbom, null, 2)}\n`);
  sums.set("dataloader.cdx.json", await sha256(join(out, "dataloader.cdx.json")));
  await Deno.writeTextFile(join(out, "checksums.txt"), checksumsText(sums));
  console.log(checksumsText(sums).trimEnd());
}

if (import.meta.main) {
  try {
    const { tag, repository, dist, partial } = parseArgs({ args: Deno.args, options: OPTIONS }).values;
    if (tag === undefined || repository === undefined) throw new Error("--tag and --repository are needed.");
    await release({ tag, repository, dist, partial });
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
