/** Names of columns that a destination takes: those beyond its limit are cut, the same way every time. Pure. */
import { EngineError } from "../sdk/mod.ts";

const HASH_DIGITS = 8;
const encoder = new TextEncoder();

/** Bytes of a name in UTF-8, which is what limits count. */
function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/**
 * A name of at most `limit` bytes: itself where it fits, else its start and a hash of all of it, so that names that begin
 * alike stay apart and one name is always cut alike.
 */
export function shortenName(name: string, limit: number | undefined): string {
  if (limit === undefined || bytesOf(name) <= limit) return name;
  const room = limit - HASH_DIGITS - 1;
  let start = "";
  let used = 0;
  for (const character of name) {
    used += bytesOf(character);
    if (used > room) break;
    start += character;
  }
  return `${start}_${hashOf(name)}`;
}

/**
 * Names of columns at the destination, in order.
 * @throws {EngineError} `NAME_COLLISION` where two columns would get one name.
 */
export function destinationNames(names: readonly string[], limit: number | undefined): string[] {
  const taken = new Map<string, string>();
  return names.map((name) => {
    const short = shortenName(name, limit);
    const other = taken.get(short.toLowerCase());
    if (other !== undefined) throw collision(other, name, short);
    taken.set(short.toLowerCase(), name);
    return short;
  });
}

function collision(first: string, second: string, short: string): EngineError {
  return new EngineError(
    "NAME_COLLISION",
    `The columns "${first}" and "${second}" would both be called "${short}" at the destination.`,
    {
      hint:
        "give one of them another name in a rename_columns step, or with `rename_from` in `schema.columns`",
      context: { columns: [first, second], name: short },
    },
  );
}

/** FNV-1a over UTF-8, twice with different starts and folded: 32 bits as hexadecimal digits. Lower case and upper case differ. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  // Mixes the last bytes into all digits.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0).toString(16).padStart(HASH_DIGITS, "0");
}

/** Names of kinds as they stand in the names of variant columns. */
const VARIANT_WORDS: Record<string, string> = { string: "text", integer: "int", boolean: "bool" };

/**
 * The column for values of another type: `amount__v_text`. Where that is beyond the limit the column's own name is cut: the end
 * tells what it is.
 */
export function variantName(name: string, kind: string, limit?: number): string {
  const ending = `__v_${VARIANT_WORDS[kind] ?? kind}`;
  return `${shortenName(name, limit === undefined ? undefined : limit - ending.length)}${ending}`;
}

/** Whether a column is the variant of one of the others. */
export function isVariantOf(name: string, others: Iterable<string>): boolean {
  const base = /^(.+)__v_[a-z]+$/i.exec(name)?.[1];
  if (base === undefined) return false;
  const same = (other: string) => other.toLowerCase() === base.toLowerCase();
  // A name that was cut is as long as there was room, or shorter by a part of a character.
  for (const other of others) {
    if (same(other)) return true;
    for (let spare = 0; spare < 4; spare++) if (same(shortenName(other, bytesOf(base) + spare))) return true;
  }
  return false;
}
