/** Writing files. */
import {
  ConnectorError,
  type Destination,
  getFormat,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Schema,
  type WriteDescription,
  type WriteOptions,
} from "../../sdk/mod.ts";
import { fileError, joinPath, nameOf, normalizePath, parentOf, storageFor } from "../../storage/mod.ts";
import { type FilestoreConfig, formatOf, formatOptions, isFolder, writeCompression } from "./config.ts";
import { SingleFileLoad } from "./load_file.ts";
import { FolderLoad, foreignFiles, refuseForeign } from "./load_folder.ts";
import { endingOf, partName } from "./naming.ts";
import { changesOfFiles, columnsThere } from "./table.ts";
import { WorkFolder } from "./work_folder.ts";
import { copyStatement, type Writer } from "./write_parts.ts";

/** Opens a destination of files; nothing is written yet. */
// deno-lint-ignore require-await -- the contract is asynchronous.
export async function openDestination(config: FilestoreConfig, context: OpenContext): Promise<Destination> {
  storageFor(config.path);
  return new FileDestination(config, context);
}

class FileDestination implements Destination {
  readonly #writer: Writer;
  readonly #path: string;
  readonly #folder: string;
  #load: Load | undefined;

  constructor(config: FilestoreConfig, context: OpenContext) {
    const format = getFormat(formatOf(config)!);
    this.#writer = {
      config,
      format,
      options: optionsFor(config, formatOptions(config, format)),
      compression: writeCompression(config),
      context,
    };
    this.#path = normalizePath(config.path, Deno.build.os === "windows");
    this.#folder = isFolder(config.path) ? this.#path.replace(/\/+$/, "") || "/" : parentOf(this.#path);
  }

  async check(): Promise<string[]> {
    await this.#refuseFolder();
    const folder = await nearestFolder(this.#folder);
    const path = joinPath(folder, `${crypto.randomUUID()}.tmp`);
    try {
      await Deno.writeFile(path, new Uint8Array(1), { createNew: true });
      await Deno.remove(path);
    } catch (error) {
      throw fileError(error, "write", this.#folder);
    }
    return [`${this.#path} can be written (${this.#writer.format.name})`];
  }

  get table(): Destination["table"] {
    return this.#writer.format.columnsOf === undefined
      ? undefined
      : () => columnsThere(this.#path, this.#writer);
  }

  async describe(
    schema: Schema,
    request: LoadRequest,
    { changes = [] }: WriteOptions = {},
  ): Promise<WriteDescription> {
    await this.#refuseFolder();
    const { format, options, context, compression } = this.#writer;
    const losses = format.losses?.(schema, options) ?? [];
    const warnings = [...losses];
    const folder = isFolder(this.#writer.config.path);
    if (folder && request.mode === "overwrite") {
      const there = await foreignFiles(this.#folder, { work: [], writer: this.#writer });
      const ours = `${partName({ ...context, ending: "" }, { sequence: 0, part: 0 }).slice(0, -13)}`;
      const foreign = there.filter((file) => !nameOf(file.path).startsWith(ours));
      if (foreign.length > 0) {
        warnings.push(
          `${foreign.length} files in the folder are not this recipe's: the load will refuse to start.`,
        );
      }
    }
    const target = folder
      ? joinPath(
        this.#folder,
        partName({ ...context, ending: endingOf(format, compression) }, { sequence: 1, part: 0 }),
      )
      : this.#path;
    const statement = format.copyOptions === undefined
      ? `write ${target} as ${format.name}`
      : copyStatement({ sql: "SELECT …", schema }, this.#folder, this.#writer)
        .replace(joinPath(this.#folder, "part.tmp"), target);
    return { statements: [statement], changes: changesOfFiles(changes), warnings, losses };
  }

  async openLoad(request: LoadRequest): Promise<Load> {
    const { context } = this.#writer;
    const { recipe, resource } = context;
    const options = { writer: this.#writer, request };
    await this.#refuseFolder();
    if (!isFolder(this.#writer.config.path)) {
      const file = nameOf(this.#path);
      const work = await this.#open({ folder: this.#folder, file, recipe, resource });
      return this.#load = new SingleFileLoad(work, { ...options, file });
    }
    const work = await this.#open({ folder: this.#folder, recipe, resource });
    const load = this.#load = new FolderLoad(work, options);
    if (request.mode === "overwrite" || request.fullRefresh) {
      try {
        await refuseForeign(this.#folder, work, this.#writer);
      } catch (error) {
        await load.abort();
        throw error;
      }
    }
    return load;
  }

  /** @throws {ConnectorError} `IS_A_FOLDER` where one file is to be written and a folder has its name. */
  async #refuseFolder(): Promise<void> {
    if (isFolder(this.#writer.config.path)) return;
    try {
      if (!(await Deno.stat(this.#path)).isDirectory) return;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw fileError(error, "write", this.#path);
    }
    throw new ConnectorError(
      "IS_A_FOLDER",
      `"${this.#path}" is a folder, and one file was to be written there.`,
      {
        hint: `end the path with / to write part files into the folder: ${this.#path}/`,
        context: { path: this.#path },
      },
    );
  }

  async #open(target: Parameters<typeof WorkFolder.open>[0]): Promise<WorkFolder> {
    try {
      return await WorkFolder.open(target);
    } catch (error) {
      throw fileError(error, "write", target.folder);
    }
  }

  /** Frees the lock where a load was neither committed nor aborted. */
  async close(): Promise<void> {
    await this.#load?.abort();
    this.#load = undefined;
  }
}

/** A `.tsv` file gets tabs where the recipe says nothing else. */
function optionsFor(config: FilestoreConfig, options: unknown): unknown {
  const tabs = /\.(tsv|tab)(\.(gz|gzip|zst|zstd))?$/i.test(config.path) && config.delimiter === undefined;
  return tabs && typeof options === "object" ? { ...options, delimiter: "\t" } : options;
}

/** The folder, or the first above it that is there. */
async function nearestFolder(folder: string): Promise<string> {
  for (let at = folder;; at = parentOf(at)) {
    try {
      if ((await Deno.stat(at)).isDirectory) return at;
      throw fileError(new Deno.errors.NotADirectory(`"${at}" is a file`), "write", folder);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || at === "." || at === "/") {
        throw fileError(error, "write", folder);
      }
    }
  }
}
