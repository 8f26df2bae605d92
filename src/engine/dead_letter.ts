/** The dead letter file: rows that could not be loaded, one JSON object a line. */
import { dirname } from "node:path";
import type { Redactor } from "../secrets/mod.ts";
import { type DataLoaderError, EngineError, makeFolders, type Position } from "../sdk/mod.ts";

export interface DeadLetterRow {
  /** 1-based number of the row in its batch. */
  readonly row: number;
  readonly error: DataLoaderError;
  /** The row as the source gave it: the text of a JSON object. */
  readonly content: string;
}

export interface DeadLetterBatch {
  readonly recipe: string;
  readonly resource: string;
  readonly position: Position;
  readonly rows: readonly DeadLetterRow[];
  readonly redactor: Redactor;
}

/**
 * Adds a batch's rejected rows to the file at `path`, atomically. Lines of the same recipe, resource and sequence are
 * replaced, so that a batch that is replayed after a crash does not stand there twice.
 * @throws {EngineError} `DEAD_LETTER_FAILED` where the file can't be written: the batch is then not loaded either.
 */
export async function writeDeadLetter(path: string, batch: DeadLetterBatch): Promise<void> {
  const { recipe, resource, position } = batch;
  const key = `{"recipe":${JSON.stringify(recipe)},"resource":${JSON.stringify(resource)},` +
    `"sequence":${position.sequence},`;
  const lines = batch.rows.map(({ row, error, content }) =>
    `${key}"run_id":${JSON.stringify(position.runId)},"row_number":${row},` +
    `"error":${JSON.stringify(errorOf(error, batch.redactor))},"row":${content}}`
  );
  try {
    const kept = (await readLines(path)).filter((line) => !line.startsWith(key));
    const temporary = deadLetterFiles(path)[1]!;
    await makeFolders(dirname(path));
    using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    await writeAll(file, new TextEncoder().encode([...kept, ...lines, ""].join("\n")));
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (cause) {
    throw new EngineError("DEAD_LETTER_FAILED", `The dead letter file "${path}" can't be written.`, {
      hint: "check runtime.dead_letter.path, its permissions and the free space",
      cause,
    });
  }
}

/** The files that are read and written for a dead letter: the file itself, and its next version until it is whole. */
export function deadLetterFiles(path: string): string[] {
  return [path, `${path}.tmp`];
}

function errorOf({ code, message, context }: DataLoaderError, redactor: Redactor) {
  return { code, message: redactor.text(message), context: redactor.json(context) };
}

async function readLines(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
