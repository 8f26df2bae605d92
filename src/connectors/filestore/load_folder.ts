/** Loading into a folder of part files. */
import { ConnectorError, type Position, type Storage, type StoredFile } from "../../sdk/mod.ts";
import { extensionOf, LocalStorage, relativeTo } from "../../storage/mod.ts";
import { entryOf, FileLoad } from "./load.ts";
import { endingOf, partName } from "./naming.ts";
import type { WorkFolder } from "./work_folder.ts";
import type { Writer, WrittenPart } from "./write_parts.ts";

/** A folder: `append` adds files, `overwrite` replaces those that this recipe and resource have written. */
export class FolderLoad extends FileLoad {
  protected readonly forgets = false;

  protected finalName(part: WrittenPart, number: { sequence: number; part: number }): string {
    const { context, format, compression } = this.writer;
    const ending = endingOf(format, compression);
    return part.partition + partName({ recipe: context.recipe, resource: context.resource, ending }, number);
  }

  protected async publishAll(position: Position): Promise<void> {
    const { journal } = this.work;
    const staged = journal.staged?.parts ?? [];
    // Without a batch no column is known: nothing is replaced by nothing.
    if (journal.staged === undefined) return await this.publishPosition(position);
    const filled = staged.filter((part) => part.bytes > 0 && !isEmptyBatch(part, staged));
    const files = filled.length > 0 ? filled : staged.slice(0, 1);
    const now = files.map((file) => file.final);
    const remove = journal.files.filter((file) => !now.includes(file));
    const before = new Set(journal.files);
    for (const final of now) if (!before.has(final)) await this.assertFree(final);
    await this.work.publish(
      entryOf(position, { files, remove, rows: files.reduce((sum, f) => sum + f.rows, 0) }),
      now,
    );
    await this.work.removeOrphans();
  }
}

/** The only part of a batch without rows. */
function isEmptyBatch(
  part: { tmp: string; rows: number },
  all: readonly { tmp: string; rows: number }[],
): boolean {
  const stage = part.tmp.split("/").slice(0, 3).join("/");
  return all.filter((other) => other.tmp.startsWith(`${stage}/`)).every((other) => other.rows === 0);
}

/** Files of the format in a folder that the journal does not know. */
export async function foreignFiles(
  folder: string,
  options: { work: readonly string[]; writer: Pick<Writer, "format">; storage?: Storage },
): Promise<StoredFile[]> {
  const ours = new Set(options.work);
  const files = await (options.storage ?? new LocalStorage()).list(`${folder}/`);
  return files.filter((file) =>
    options.writer.format.extensions.includes(extensionOf(file.path)) &&
    !ours.has(relativeTo(folder, file.path))
  );
}

/** @throws {ConnectorError} `FOREIGN_FILES` where an overwrite would leave other data beside its own. */
export async function refuseForeign(folder: string, work: WorkFolder, writer: Writer): Promise<void> {
  const { entry, files } = work.journal;
  const known = [...files, ...entry?.files.map((file) => file.final) ?? []];
  const foreign = await foreignFiles(folder, { work: known, writer });
  if (foreign.length === 0) return;
  const shown = foreign.slice(0, 3).map((file) => relativeTo(folder, file.path)).join(", ");
  const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : "";
  throw new ConnectorError(
    "FOREIGN_FILES",
    `"${folder}/" holds ${writer.format.name} files that this recipe has not written: ${shown}${more}.`,
    {
      hint:
        "overwrite would mix them with the new rows: move them away, or load into a folder of the recipe's own",
      context: { path: folder, files: foreign.slice(0, 10).map((file) => file.path), count: foreign.length },
    },
  );
}
