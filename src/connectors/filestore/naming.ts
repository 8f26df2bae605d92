/** Names of files that a load writes. Pure. */
import type { Compression, FormatDefinition } from "../../sdk/mod.ts";

/** The folder of journals, locks and unfinished files; readers of the target leave it out by its leading underscore. */
export const WORK_FOLDER = "_dataloader_loads";

/** Room for a year of batches a second; names sort as they were written. */
const SEQUENCE_DIGITS = 8;
const PART_DIGITS = 4;

/** A recipe's or resource's name as part of a file name on every system: other characters are percent-encoded. */
export function fileNamePart(name: string): string {
  return [...new TextEncoder().encode(name)].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** The ending of files of a format: `.csv.gz`. */
export function endingOf(format: FormatDefinition, compression: Compression | undefined): string {
  const ending = format.extensions[0] ?? `.${format.name}`;
  if (format.compressesWithin) return ending;
  return ending + (compression === "gzip" ? ".gz" : compression === "zstd" ? ".zst" : "");
}

/** Whether a file name is one that `partName` gives for a recipe and resource. */
export function isPartOf(name: string, of: { recipe: string; resource: string }): boolean {
  const begin = `${fileNamePart(of.recipe)}-${fileNamePart(of.resource)}-`;
  return name.startsWith(begin) && /^\d{8,}-\d{4,}\./.test(name.slice(begin.length));
}

/** The name of one part: the same for the same recipe, resource, batch and part. */
export function partName(
  of: { recipe: string; resource: string; ending: string },
  number: { sequence: number; part: number },
): string {
  const sequence = String(number.sequence).padStart(SEQUENCE_DIGITS, "0");
  const part = String(number.part).padStart(PART_DIGITS, "0");
  return `${fileNamePart(of.recipe)}-${fileNamePart(of.resource)}-${sequence}-${part}${of.ending}`;
}
