/** Files of this machine. */
import {
  ConnectorError,
  hintOfPaths,
  pathsIn,
  type Storage,
  type StoredFile,
  syncFolderEntries,
} from "../sdk/mod.ts";
import { fileError } from "./errors.ts";
import { expandBraces, globBase, type GlobPart, hasGlob, parseGlob } from "./glob.ts";
import { isOwnFile, joinPath, nameOf, normalizePath, parentOf } from "./paths.ts";

const WINDOWS = Deno.build.os === "windows";

/** Local files. Paths go in as the system writes them and come out with `/` between parts. */
export class LocalStorage implements Storage {
  readonly scheme = "file";

  /** @throws {ConnectorError} `PERMISSION_DENIED` where a folder can't be read; a folder that isn't there has no files. */
  async list(pattern: string): Promise<StoredFile[]> {
    const path = normalizePath(pattern, WINDOWS);
    if (path.endsWith("/")) return sorted(await this.#walk(path, [{ kind: "any-depth" }, ANY_NAME]));
    // A file whose name holds glob characters is meant when it is there.
    const file = await this.#stat(path);
    if (file !== undefined) return [file];
    if (!hasGlob(path)) return [];
    const found: StoredFile[] = [];
    for (const choice of expandBraces(path)) {
      if (!hasGlob(choice)) {
        const named = await this.#stat(choice);
        if (named !== undefined) found.push(named);
        continue;
      }
      const base = globBase(choice);
      const rest = base === "." ? choice : choice.slice(base.endsWith("/") ? base.length : base.length + 1);
      found.push(...await this.#walk(base, parseGlob(rest, { ignoreCase: WINDOWS })));
    }
    return sorted(found);
  }

  async open(path: string, range?: { start: number; end: number }): Promise<ReadableStream<Uint8Array>> {
    try {
      const file = await Deno.open(path, { read: true });
      if (range === undefined) return file.readable;
      await file.seek(range.start, Deno.SeekMode.Start);
      return file.readable.pipeThrough(firstBytes(range.end - range.start));
    } catch (error) {
      throw fileError(error, "read", path);
    }
  }

  async write(path: string, content: ReadableStream<Uint8Array> | Uint8Array): Promise<void> {
    const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
    try {
      await makeFolder(parentOf(path));
      await writeNew(temporary, content);
      await Deno.rename(temporary, path);
      await syncFolder(parentOf(path));
    } catch (error) {
      await this.remove(temporary);
      throw fileError(error, "write", path);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    try {
      await makeFolder(parentOf(to));
      await Deno.rename(from, to);
    } catch (error) {
      throw fileError(error, "rename", from);
    }
  }

  async remove(path: string): Promise<void> {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw fileError(error, "remove", path);
    }
  }

  async #stat(path: string): Promise<StoredFile | undefined> {
    try {
      const info = await Deno.stat(path);
      if (info.isDirectory) return undefined;
      if (!info.isFile) throw notRegular(path);
      return { path, size: info.size, modified: info.mtime?.getTime() ?? 0 };
    } catch (error) {
      if (error instanceof ConnectorError) throw error;
      // ENOTDIR: a file stands where the path has a folder, so this path names nothing.
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      // A glob is no legal name on Windows.
      if (hasGlob(path) && !(error instanceof Deno.errors.PermissionDenied)) return undefined;
      throw fileError(error, "read", path);
    }
  }

  async #walk(folder: string, parts: readonly GlobPart[]): Promise<StoredFile[]> {
    const [part, ...rest] = parts;
    if (part === undefined) return [];
    const found: StoredFile[] = [];
    if (part.kind === "any-depth") {
      found.push(...await this.#walk(folder, rest.length === 0 ? [ANY_NAME] : rest));
    }
    for (const entry of await entriesOf(folder)) {
      const path = joinPath(folder, entry.name);
      if (isOwnFile(entry.name)) continue;
      const matches = part.kind === "name" ? part.test.test(entry.name) : !entry.name.startsWith(".");
      if (!matches) continue;
      const isFolder = entry.isDirectory || (entry.isSymlink && await this.#isFolder(path));
      if (isFolder && part.kind === "any-depth") {
        // A link to a folder may lead back up: `**` does not follow it.
        if (!entry.isSymlink) found.push(...await this.#walk(path, parts));
      } else if (isFolder) {
        if (rest.length > 0) found.push(...await this.#walk(path, rest));
      } else if (part.kind === "name" && rest.length === 0) {
        const file = await this.#stat(path);
        if (file !== undefined) found.push(file);
        else if (entry.isSymlink) throw dangling(path);
      }
    }
    return found;
  }

  async #isFolder(path: string): Promise<boolean> {
    try {
      return (await Deno.stat(path)).isDirectory;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw fileError(error, "read", path);
    }
  }
}

/** Reading a pipe may wait for ever, and what was read once is gone. */
function notRegular(path: string): ConnectorError {
  return new ConnectorError("NOT_A_FILE", `"${path}" is a pipe, a socket or a device, not a file.`, {
    hint: "write its content into a file first, or leave it out of the path",
    context: { path },
  });
}

/** A file that a pattern names and that is not there would be missing without a word. */
function dangling(path: string): ConnectorError {
  return new ConnectorError("FILE_NOT_FOUND", `"${path}" is a link to a file that is not there.`, {
    hint: "remove the link, or bring the file back",
    context: { path },
  });
}

const ANY_NAME: GlobPart = { kind: "name", test: /^(?!\.)/ };

/** Makes a folder and those above it. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw fileError(error, "write", folder);
  }
}

/** Brings a file's content to the disk, so that a rename after it never shows a file with holes. */
export async function syncFile(path: string): Promise<void> {
  try {
    using file = await Deno.open(path, { read: true, write: true });
    await file.sync();
  } catch (error) {
    throw fileError(error, "write", path);
  }
}

/** Brings a folder's entries (renames, new files, removals) to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await syncFolderEntries(folder);
  } catch (error) {
    // EINVAL: some network file systems can't; their renames are as safe as they get.
    if (error instanceof Error && /os error (22|95)\b/.test(error.message)) return;
    throw fileError(error, "write", folder);
  }
}

/**
 * What a folder holds: paths of names near `path` for an error's hint, at most `limit`, best first. Undefined where it may
 * not be looked into.
 */
export async function namesNear(path: string, limit = 5): Promise<string[] | undefined> {
  return await pathsIn(folderOf(path), { like: nameOf(path), limit });
}

function folderOf(path: string): string {
  return hasGlob(path) ? globBase(path) : parentOf(path);
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) entries.push(entry);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw fileError(error, "list", folder);
  }
  return entries.sort((a, b) => compare(a.name, b.name));
}

async function writeNew(path: string, content: ReadableStream<Uint8Array> | Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const chunks = content instanceof Uint8Array ? [content] : content;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
  await file.sync();
}

function firstBytes(length: number): TransformStream<Uint8Array, Uint8Array> {
  let left = length;
  return new TransformStream({
    transform(chunk, controller) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (part.length > 0) controller.enqueue(part);
      if (left <= 0) controller.terminate();
    },
  });
}

function sorted(files: StoredFile[]): StoredFile[] {
  const unique = new Map(files.map((file) => [file.path, file]));
  return [...unique.values()].sort((a, b) => compare(a.path, b.path));
}

/** Code unit order: the same on every machine, unlike a locale's. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @throws {ConnectorError} `FILE_NOT_FOUND` or `NO_FILES`, naming what is there instead. */
export async function noFiles(pattern: string): Promise<never> {
  const glob = hasGlob(pattern) || pattern.endsWith("/");
  if (!glob && (await Deno.stat(pattern).catch(() => undefined))?.isDirectory) {
    throw new ConnectorError("FILE_NOT_FOUND", `"${pattern}" is a folder.`, {
      hint: `for the files in it write \`${pattern}/\`, or a pattern: ${pattern}/*`,
      context: { path: pattern },
    });
  }
  const near = await namesNear(pattern);
  throw new ConnectorError(
    glob ? "NO_FILES" : "FILE_NOT_FOUND",
    glob ? `No file matches "${pattern}".` : `The file "${pattern}" is not there.`,
    {
      hint: near === undefined
        ? "check the path; a relative one starts at the recipe's folder"
        : hintOfPaths(near),
      context: { path: pattern, folder: folderOf(pattern), ...(near === undefined ? {} : { near }) },
    },
  );
}
