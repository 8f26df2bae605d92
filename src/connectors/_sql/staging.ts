/** Names of staging tables. */
import { createHash } from "node:crypto";
import type { Dialect } from "./dialect.ts";
import { beside, type Target } from "./table.ts";

const PREFIX = "_dataloader_stage_";
const HASH_LENGTH = 12;

/**
 * The staging table of a recipe's overwrite: two recipes that overwrite one table don't share it. The name ends with a hash of
 * all it stands for, so that a table's name that had to be cut for it is not mistaken for another's.
 */
export function stagingOf(
  target: Target,
  of: { recipe: string; resource: string; dialect: Pick<Dialect, "quote" | "identifierBytes"> },
): Target {
  const hash = createHash("sha256").update([of.recipe, of.resource, target.name].join("\0")).digest("hex")
    .slice(0, HASH_LENGTH);
  const room = of.dialect.identifierBytes - PREFIX.length - HASH_LENGTH - 1;
  return beside(target, `${PREFIX}${cutBytes(target.name, room)}_${hash}`, of.dialect.quote);
}

/** The longest beginning of a text that has at most `most` bytes in UTF-8. */
export function cutBytes(text: string, most: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= most) return text;
  let end = most;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
