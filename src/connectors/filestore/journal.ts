/**
 * The journal of a load: what has been committed to a folder or file, and what is being published. Replacing it by a rename is
 * the commit point of a batch (DESIGN §8, files).
 */
import { ConnectorError, type Position } from "../../sdk/mod.ts";
import { LocalStorage } from "../../storage/mod.ts";

/** A file that a batch has written and that has not got its final name yet. Paths are relative to the target folder. */
export interface StagedPart {
  readonly tmp: string;
  readonly final: string;
  readonly bytes: number;
  readonly rows: number;
}

/** The last commit. */
export interface Entry {
  /** `publishing`: decided, the renames and removals may not all be done. They are done before anything else. */
  readonly state: "publishing" | "published";
  readonly position: Position;
  readonly files: readonly StagedPart[];
  /** Files that go when the new ones are there. */
  readonly remove: readonly string[];
  readonly rows: number;
  /** RFC 3339, UTC. */
  readonly committed_at: string;
}

/** Batches of an overwrite that nobody sees yet. */
export interface Staged {
  readonly position: Position;
  readonly parts: readonly StagedPart[];
  /** Columns and types, to refuse batches that differ. */
  readonly schema: string;
}

export interface Journal {
  readonly version: 1;
  readonly recipe: string;
  readonly resource: string;
  /** Number of the newest batch that was given file names. */
  readonly sequence: number;
  /** Files that this recipe and resource have in the folder. */
  readonly files: readonly string[];
  readonly entry?: Entry;
  readonly staged?: Staged;
}

/** A journal without a commit. */
export function emptyJournal(recipe: string, resource: string): Journal {
  return { version: 1, recipe, resource, sequence: 0, files: [] };
}

/**
 * Reads a journal; `undefined` where there is none.
 * @throws {ConnectorError} `JOURNAL_CORRUPTED` where it can't be understood: what was loaded is then not known.
 */
export async function readJournal(path: string): Promise<Journal | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    const journal: Journal = JSON.parse(text);
    if (journal.version === 1 && Array.isArray(journal.files)) return journal;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ConnectorError(
    "JOURNAL_CORRUPTED",
    `The journal "${path}" can't be read: what was loaded is not known.`,
    {
      hint:
        "restore it from a backup; or remove it together with the files of this recipe and load with --full-refresh",
      context: { path },
    },
  );
}

/** Replaces the journal: after this it holds for good. */
export async function writeJournal(path: string, journal: Journal): Promise<void> {
  await new LocalStorage().write(path, new TextEncoder().encode(`${JSON.stringify(journal)}\n`));
}
