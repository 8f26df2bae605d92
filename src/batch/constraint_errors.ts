/** What DuckDB says of a row that breaks a constraint. */
import type { Json } from "../sdk/mod.ts";
import { cut, sentence } from "./error_text.ts";
import type { Finding } from "./errors.ts";

/** `context.kind` is not_null, check, foreign_key, primary_key, unique or other; `columns` and `key` as DuckDB names them. */
export function constraint(kind: string, body: string): Finding | undefined {
  if (kind !== "Constraint") return undefined;
  const found = (detail: Record<string, Json>, message: string, hint?: string): Finding => ({
    code: "CONSTRAINT_VIOLATED",
    message,
    context: detail,
    hint,
  });
  const notNull = /NOT NULL constraint failed: (.+)$/.exec(body)?.[1];
  if (notNull !== undefined) {
    const column = notNull.slice(notNull.lastIndexOf(".") + 1);
    const table = notNull.slice(0, -column.length - 1);
    return found(
      { kind: "not_null", table, columns: [column] },
      `Column "${column}" of table "${table}" must not be NULL.`,
    );
  }
  const check = /CHECK constraint failed on table (.+?) with expression ([\s\S]+)$/.exec(body);
  if (check !== null) {
    return found(
      { kind: "check", table: check[1]!, expression: cut(check[2]!) },
      `A row breaks the rule ${cut(check[2]!)} of table "${check[1]}".`,
    );
  }
  const foreign = /foreign key constraint because key "([\s\S]*?)" (does not exist|is still referenced)/.exec(
    body,
  );
  if (foreign !== null) {
    const key = cut(foreign[1]!);
    return found(
      { kind: "foreign_key", columns: keyColumns(key), key },
      foreign[2] === "does not exist"
        ? `The key "${key}" does not exist in the table it refers to.`
        : `The key "${key}" is still referred to by another table.`,
    );
  }
  const duplicate = /Duplicate key "([\s\S]*)" violates (primary key|unique) constraint/.exec(body);
  if (duplicate !== null) {
    const key = cut(duplicate[1]!);
    return found(
      { kind: duplicate[2] === "unique" ? "unique" : "primary_key", columns: keyColumns(key), key },
      `The key "${key}" is there more than once, but must be unique.`,
      "remove the duplicates, or use write_mode: merge",
    );
  }
  const within = /PRIMARY KEY or UNIQUE constraint violation: duplicate key "([\s\S]*)"/.exec(body);
  if (within !== null) {
    const key = cut(within[1]!);
    // DuckDB does not tell which of the two it is here, nor the column.
    return found(
      { kind: "unique", columns: [], key },
      `The key "${key}" is there more than once, but must be unique.`,
      "remove the duplicates, or use write_mode: merge",
    );
  }
  return found({ kind: "other" }, sentence(cut(body, 400)));
}

/** `id: 1, day: x` names its columns; a value may hold anything, so only the start of each part is read. */
function keyColumns(key: string): string[] {
  return [...key.matchAll(/(?:^|, )([^:,]+): /g)].map((match) => match[1]!);
}
