/**
 * Records that make the engine find the types it is told. DuckDB 1.5.5 refuses keys that it has no column for only where it has
 * found the columns itself (`read_json` without `columns`), and then at no cost: so it is shown a file of its own to look at.
 */
import type { LogicalType } from "../sdk/mod.ts";
import { readAs } from "./json_types.ts";

/** JSON Lines in which the engine finds these columns, of the types that `readAs` says. */
export function modelRecords(
  columns: ReadonlyMap<string, { readonly type: LogicalType; readonly exact?: boolean }>,
): string {
  const record = (at: 0 | 1) =>
    Object.fromEntries(
      [...columns].map((
        [name, { type, exact }],
      ) => [name, examples(type, readAs(type, { exact }), exact)[at]]),
    );
  return `${JSON.stringify(record(0))}\n${JSON.stringify(record(1))}\n`;
}

/** Two values that are of a type together. */
function examples(type: LogicalType, as: string, exact?: boolean): readonly [unknown, unknown] {
  switch (type.kind) {
    case "array": {
      const items = examples(type.items, readAs(type.items, { nested: true, exact }), exact);
      return [items, items];
    }
    case "struct": {
      const at = (place: 0 | 1) =>
        Object.fromEntries(
          type.fields.map((
            f,
          ) => [f.name, examples(f.type, readAs(f.type, { nested: true, exact }), exact)[place]]),
        );
      return [at(0), at(1)];
    }
  }
  switch (as) {
    case "DOUBLE":
      return [1.5, 1.5];
    case "BOOLEAN":
      return [true, true];
    case "JSON":
      return [1, { k: 1 }];
    default:
      return ["text", "text"];
  }
}
