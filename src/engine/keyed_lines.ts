/** Files of JSON lines some of which are replaced: what a batch adds takes the place of what it added before. */
import { dirname } from "node:path";
import { makeFolders } from "../sdk/mod.ts";

export interface Rewrite {
  /** Whether a line that is there stays. */
  readonly keep: (line: string) => boolean;
  /** Lines to add at the end, some at a time. */
  readonly add?: AsyncIterable<readonly string[]>;
}

const encoder = new TextEncoder();

/**
 * Rewrites a file atomically: it is there as before, or as it shall be and on the disk. Does nothing where there is no file
 * and nothing to add. Throws what the file system throws.
 */
export async function rewriteLines(path: string, { keep, add }: Rewrite): Promise<void> {
  // A name that can be told beforehand: the run is granted this file and no folder.
  const temporary = `${path}.tmp`;
  await makeFolders(dirname(path));
  let lines = 0;
  try {
    {
      using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
      const write = async (some: readonly string[]) => {
        if (some.length === 0) return;
        lines += some.length;
        await writeAll(file, encoder.encode(`${some.join("\n")}\n`));
      };
      for await (const some of readLines(path)) await write(some.filter(keep));
      if (add !== undefined) { for await (const some of add) await write(some); }
      await file.sync();
    }
    if (lines > 0) await Deno.rename(temporary, path);
    else {
      await Deno.remove(temporary);
      await Deno.remove(path).catch(ignoreMissing);
    }
  } catch (error) {
    await Deno.remove(temporary).catch(ignoreMissing);
    throw error;
  }
}

/** The lines of a file, some at a time; none where there is no file. */
export async function* readLines(path: string): AsyncGenerator<string[]> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  let rest = "";
  for await (const piece of file.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    const filled = lines.filter((line) => line !== "");
    if (filled.length > 0) yield filled;
  }
  if (rest !== "") yield [rest];
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

export function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
