/**
 * Reads what an executable made by `deno compile` holds: the settings baked in and the list of files. The layout is that
 * of Deno 2.9 (`cli/rt/binary.rs` in its repository): magic bytes, settings, packages, modules from the net, file tree.
 */

/** A file inside, by its path relative to the root of what is embedded. */
export interface EmbeddedFile {
  readonly path: string;
  readonly bytes: number;
}

export interface Embedded {
  /** What it may do: a list, `[]` for all, `null` for nothing. */
  readonly permissions: Readonly<Record<string, readonly string[] | boolean | null>>;
  /** Whether it asks for permissions that it does not have. */
  readonly prompts: boolean;
  /** Unstable features that are on. */
  readonly features: readonly string[];
  /** Whether it unpacks its files to the disk when it starts. */
  readonly selfExtracting: boolean;
  readonly entrypoint: string;
  readonly version?: string;
  readonly files: readonly EmbeddedFile[];
  /** Links, by path, and the paths that they lead to. */
  readonly links: ReadonlyMap<string, string>;
  /** What one of the files holds. */
  read(path: string): Uint8Array;
}

type PlacedFile = EmbeddedFile & { readonly offset: number };

const MAGIC = new TextEncoder().encode("d3n0l4nd");
const decoder = new TextDecoder();

interface Settings {
  readonly permissions: Record<string, readonly string[] | null> & { prompt: boolean };
  readonly unstable_config: { readonly features: readonly string[] };
  readonly self_extracting: string | null;
  readonly entrypoint_key: string;
  readonly app_version?: string;
}

type Entry =
  | { readonly File: { readonly n: string; readonly o: readonly [number, number] } }
  | { readonly Dir: { readonly n: string; readonly e: readonly Entry[] } }
  | { readonly Symlink: { readonly n: string; readonly p: readonly string[] } };

/** Reads an executable. @throws {Error} where it holds nothing that `deno compile` embeds. */
export function readEmbedded(executable: Uint8Array): Embedded {
  const reader = new Reader(executable, findStart(executable));
  const settings = JSON.parse(decoder.decode(reader.block())) as Settings;
  reader.block(); // The packages, resolved.
  const counts = [reader.uint32(), reader.uint32(), reader.uint32()];
  if (counts.some((count) => count > 0)) {
    throw new Error("It embeds modules from the net, which it must not.");
  }
  const tree = JSON.parse(decoder.decode(reader.block())) as Entry[];
  const data = reader.block();
  const files: PlacedFile[] = [];
  const links = new Map<string, string>();
  collect(tree, "", { files, links });
  const { prompt, ...permissions } = settings.permissions;
  return {
    permissions,
    prompts: prompt,
    features: settings.unstable_config.features,
    selfExtracting: settings.self_extracting !== null,
    entrypoint: settings.entrypoint_key,
    version: settings.app_version,
    files,
    links,
    read: (path) => {
      const file = files.find((one) => one.path === path);
      if (file === undefined) throw new Error(`It holds no ${path}.`);
      return data.subarray(file.offset, file.offset + file.bytes);
    },
  };
}

function collect(
  entries: readonly Entry[],
  under: string,
  into: { files: PlacedFile[]; links: Map<string, string> },
): void {
  for (const entry of entries) {
    if ("File" in entry) {
      const { n, o } = entry.File;
      into.files.push({ path: `${under}${n}`, bytes: o[1], offset: o[0] });
    } else if ("Symlink" in entry) into.links.set(`${under}${entry.Symlink.n}`, entry.Symlink.p.join("/"));
    else collect(entry.Dir.e, `${under}${entry.Dir.n}/`, into);
  }
}

/** Behind the magic bytes that settings follow. The runtime has those bytes in its code, too. */
function findStart(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = bytes.indexOf(MAGIC[0]!); at >= 0; at = bytes.indexOf(MAGIC[0]!, at + 1)) {
    if (!MAGIC.every((byte, index) => bytes[at + index] === byte)) continue;
    const start = at + MAGIC.length;
    if (start + 9 > bytes.length || bytes[start + 8] !== 0x7b /* { */) continue;
    const length = view.getUint32(start, true);
    if (view.getUint32(start + 4, true) === 0 && start + 8 + length < bytes.length) return start;
  }
  throw new Error("It holds nothing that `deno compile` embeds.");
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  uint32(): number {
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** Bytes with their number before them, in 64 bits. */
  block(): Uint8Array {
    const length = this.uint32() + this.uint32() * 2 ** 32;
    const block = this.#bytes.subarray(this.#at, this.#at + length);
    if (block.length < length) throw new Error("It is cut off.");
    this.#at += length;
    return block;
  }
}
