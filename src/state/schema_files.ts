/** The schema registry as JSON files: one a recipe, replaced as a whole. */
import { join } from "node:path";
import type { SchemaRegistry, SchemaVersion } from "../schema/mod.ts";
import { type Access, makeFolders, readWrite, StateError, syncFolderEntries } from "../sdk/mod.ts";
import { readIfThere, replaceFile } from "./atomic_file.ts";
import { withFileLock } from "./file_lock.ts";
import { stateFileName } from "./file_name.ts";
import { fileError } from "./state_errors.ts";

const FORM = 1;
/** How long an `add` waits for another one in the same directory. */
const WAIT_MS = 10_000;

interface Content {
  readonly version: number;
  readonly recipe: string;
  readonly resources: Readonly<Record<string, readonly SchemaVersion[]>>;
}

/** Keeps versions in `<directory>/<recipe>.json`. A reader sees the old file or the new one, never a part. */
export class SchemaFiles implements SchemaRegistry {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The files of one recipe, and the lock that all in the directory share. */
  access(recipe: string): Access[] {
    const path = this.describe(recipe);
    return readWrite([path, `${path}.tmp`, this.#lock], { key: [], why: "versions of the schema" });
  }

  get #lock(): string {
    return join(this.#directory, ".lock");
  }

  describe(recipe: string): string {
    return join(this.#directory, `${stateFileName(recipe)}.json`);
  }

  async versions(recipe: string, resource: string): Promise<readonly SchemaVersion[]> {
    return (await this.#read(recipe))?.resources[resource] ?? [];
  }

  async add(recipe: string, resource: string, version: SchemaVersion): Promise<void> {
    const path = this.describe(recipe);
    try {
      await makeFolders(this.#directory);
      await withFileLock(this.#lock, async () => {
        const content = await this.#read(recipe) ?? { version: FORM, recipe, resources: {} };
        const versions = content.resources[resource] ?? [];
        if ((versions.at(-1)?.version ?? 0) + 1 !== version.version) throw conflict(recipe, path);
        const resources = { ...content.resources, [resource]: [...versions, version] };
        const text = `${JSON.stringify({ ...content, resources }, null, 2)}\n`;
        await replaceFile(path, new TextEncoder().encode(text));
        await syncFolderEntries(this.#directory);
      }, { waitMs: WAIT_MS });
    } catch (error) {
      throw error instanceof StateError ? error : fileError(error, "write", path);
    }
  }

  async close(): Promise<void> {}

  async #read(recipe: string): Promise<Content | undefined> {
    const path = this.describe(recipe);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await readIfThere(path);
    } catch (error) {
      throw fileError(error, "read", path);
    }
    if (bytes === undefined) return undefined;
    try {
      const content: Content = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      if (content.version === FORM && typeof content.resources === "object") return content;
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    }
    throw new StateError("SCHEMA_REGISTRY_CORRUPTED", `The schema registry ${path} can't be read.`, {
      hint:
        "restore it from a backup, or move it away: the history is then lost, and the next run begins a new one",
      context: { recipe, path },
    });
  }
}

export function conflict(recipe: string, place: string): StateError {
  return new StateError(
    "SCHEMA_CONFLICT",
    `Another run has recorded a schema of "${recipe}" in ${place} meanwhile.`,
    { hint: "run it again", context: { recipe, place }, retryable: true },
  );
}
