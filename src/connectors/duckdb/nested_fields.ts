/** Fields of records that a column does not have yet: they are added to it, as new columns are to a table. Pure. */
import type { LogicalType } from "../../sdk/mod.ts";

/** A field that rows have and the column has not. */
export interface NewField {
  /** Names from the column's own down; `element` stands for the items of a list, as DuckDB has it. */
  readonly path: readonly string[];
  readonly type: LogicalType;
}

/** A column's type with the fields that it lacks of the rows' type, and those. Types that differ otherwise are left alone. */
export function withNewFields(
  column: LogicalType,
  rows: LogicalType,
  path: readonly string[],
): { type: LogicalType; added: readonly NewField[] } {
  if (column.kind === "array" && rows.kind === "array") {
    const { type, added } = withNewFields(column.items, rows.items, [...path, "element"]);
    return { type: { kind: "array", items: type }, added };
  }
  if (column.kind !== "struct" || rows.kind !== "struct") return { type: column, added: [] };
  const added: NewField[] = [];
  const known = column.fields.map((field) => {
    const found = rows.fields.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
    if (found === undefined) return field;
    const below = withNewFields(field.type, found.type, [...path, field.name]);
    added.push(...below.added);
    return { ...field, type: below.type };
  });
  const names = new Set(column.fields.map(({ name }) => name.toLowerCase()));
  const fresh = rows.fields.filter(({ name }) => !names.has(name.toLowerCase()));
  added.push(...fresh.map(({ name, type }) => ({ path: [...path, name], type })));
  return { type: { kind: "struct", fields: [...known, ...fresh] }, added };
}
