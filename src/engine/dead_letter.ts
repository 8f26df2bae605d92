/** The dead letter file: rows that could not be loaded, one JSON object a line. */
import { createHash } from "node:crypto";
import type { Redactor } from "../secrets/mod.ts";
import { type DataLoaderError, EngineError, type Position } from "../sdk/mod.ts";
import { rewriteLines } from "./keyed_lines.ts";

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
  /** Where the state is: sequences are counted for each place anew. */
  readonly state: string;
  readonly rows: readonly DeadLetterRow[];
  readonly redactor: Redactor;
}

/**
 * Adds a batch's rejected rows to the file at `path`, atomically. Lines of the same recipe, resource, state and sequence are
 * replaced, so that a batch that is replayed after a crash does not stand there twice.
 * @throws {EngineError} `DEAD_LETTER_FAILED` where the file can't be written: the batch is then not loaded either.
 */
export async function writeDeadLetter(path: string, batch: DeadLetterBatch): Promise<void> {
  const { recipe, resource, position } = batch;
  const state = createHash("sha256").update(batch.state).digest("hex").slice(0, 8);
  const key = `{"recipe":${JSON.stringify(recipe)},"resource":${JSON.stringify(resource)},` +
    `"state":"${state}","sequence":${position.sequence},`;
  const lines = batch.rows.map(({ row, error, content }) =>
    `${key}"run_id":${JSON.stringify(position.runId)},"row_number":${row},` +
    `"error":${JSON.stringify(errorOf(error, batch.redactor))},"row":${content}}`
  );
  try {
    await rewriteLines(path, {
      keep: (line) => !line.startsWith(key),
      add: oneByOne(lines),
    });
  } catch (cause) {
    throw new EngineError("DEAD_LETTER_FAILED", `The dead letter file "${path}" can't be written.`, {
      hint: "check runtime.dead_letter.path, its permissions and the free space",
      cause,
    });
  }
}

function errorOf({ code, message, context }: DataLoaderError, redactor: Redactor) {
  return { code, message: redactor.text(message), context: redactor.json(context) };
}

// deno-lint-ignore require-await -- what is added may have to be waited for.
async function* oneByOne(lines: readonly string[]): AsyncGenerator<readonly string[]> {
  yield lines;
}
