/** `key=value` folders of paths. Pure. */
import { ConnectorError, type LogicalType } from "../../sdk/mod.ts";
import { relativeTo } from "../../storage/mod.ts";

/** What the engine writes for NULL. */
export const NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__";

/**
 * The partition columns of files below `base` and their types; `undefined` where they have none, or, with `auto`, not all
 * the same. A value keeps what it says: `01` makes its column text.
 * @throws {ConnectorError} `PARTITION_MISMATCH` where partitions are asked for and files differ in them.
 */
export function findPartitions(
  paths: readonly string[],
  options: { base: string; mode: "auto" | boolean; columns: ReadonlyMap<string, LogicalType> },
): Map<string, LogicalType> | undefined {
  if (options.mode === false || paths.length === 0) return undefined;
  const values = new Map<string, Set<string>>();
  let first: string | undefined;
  for (const path of paths) {
    // A path without a glob has its partitions above the file itself.
    const found = partitionsOf(paths.length === 1 ? path : relativeTo(options.base, path));
    const keys = JSON.stringify(found.map(([key]) => key));
    first ??= keys;
    if (keys !== first || found.length === 0) {
      if (options.mode === "auto") return undefined;
      throw new ConnectorError(
        "PARTITION_MISMATCH",
        `${path} has not the key=value folders that ${paths[0]} has.`,
        {
          hint: "move the file, narrow the path, or set hive_partitioning: false",
          context: { file: path, first: paths[0]! },
        },
      );
    }
    for (const [key, value] of found) {
      const known = values.get(key) ?? new Set();
      values.set(key, known.add(value));
    }
  }
  return new Map([...values].map(([key, seen]) => [key, options.columns.get(key) ?? typeOf(seen)]));
}

function partitionsOf(path: string): [string, string][] {
  return path.split("/").slice(0, -1).flatMap((part) => {
    const at = part.indexOf("=");
    return at <= 0 ? [] : [[decode(part.slice(0, at)), decode(part.slice(at + 1))] as [string, string]];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function typeOf(values: ReadonlySet<string>): LogicalType {
  const texts = [...values].filter((value) => value !== NULL_FOLDER && value !== "");
  const all = (pattern: RegExp) => texts.length > 0 && texts.every((text) => pattern.test(text));
  if (all(/^(0|-?[1-9]\d{0,17})$/)) return { kind: "integer", bits: 64 };
  if (all(/^\d{4}-\d\d-\d\d$/) && texts.every((text) => !Number.isNaN(Date.parse(text)))) {
    return { kind: "date" };
  }
  return { kind: "string" };
}
