/** The runtime that goes into an executable: where it comes from, and fetching it from a mirror. */
import { dirname, join } from "node:path";

/** Bytes from a URL; undefined where it answers 404. */
async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const response = await fetch(url);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new Error(`${url} answered ${response.status} ${response.statusText}`);
}

/**
 * Puts the runtime for `triple` where `deno compile` looks for one that was downloaded before. The mirror has the layout
 * of Deno's own host: `<mirror>/release/v2.9.6/denort-<triple>.zip`. Where a `.sha256sum` lies beside the archive, the
 * archive is held against it.
 * @returns what was done, as one line.
 * @throws {Error} that says what to do, where it can't be had.
 */
export async function fetchRuntime(
  options: { mirror: string; triple: string; denoDir: string },
): Promise<string> {
  const name = `release/v${Deno.version.deno}/denort-${options.triple}.zip`;
  const file = join(options.denoDir, "dl", name);
  if (await isFile(file)) return `the runtime is there already: ${file}`;
  const url = `${options.mirror.replace(/\/+$/, "")}/${name}`;
  let archive: Uint8Array<ArrayBuffer> | undefined;
  let sum: Uint8Array | undefined;
  try {
    archive = await fetchBytes(url);
    sum = archive && await fetchBytes(`${url}.sha256sum`);
  } catch (cause) {
    throw new Error(`The runtime can't be fetched from the mirror: ${messageOf(cause)}`, { cause });
  }
  if (archive === undefined) throw new Error(`The mirror has no runtime at ${url} (404).`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", archive)).toHex();
  if (sum !== undefined && !new TextDecoder().decode(sum).toLowerCase().includes(digest)) {
    throw new Error(`The runtime at ${url} is not the one that its .sha256sum names. Nothing was kept.`);
  }
  await Deno.mkdir(dirname(file), { recursive: true });
  await Deno.writeFile(`${file}.tmp`, archive);
  await Deno.rename(`${file}.tmp`, file);
  return `the runtime comes from ${url}, ${sum === undefined ? "which has no .sha256sum" : "checksum right"}`;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
