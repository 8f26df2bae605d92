/** What is wrong with rows that don't fit a schema: errors with the column, the place in the recipe, and what to do. */
import { ConnectorError, EngineError, formatType, type LogicalType, nearest } from "../sdk/mod.ts";
import type { ColumnPolicy, SchemaPolicy } from "./policy.ts";

interface Where {
  readonly policy: SchemaPolicy;
  /** The column's own block, where it has one. */
  readonly column?: ColumnPolicy;
}

function placeOf({ policy, column }: Where) {
  return column?.location ?? policy.location;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `"${name}"`).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

export function newColumns(
  names: readonly string[],
  where: Where & { known: readonly string[] },
): EngineError {
  const near = names.length === 1 ? nearest(names[0]!, where.known) : undefined;
  return new EngineError(
    "SCHEMA_NEW_COLUMN",
    names.length === 1
      ? `The rows have a new column ${list(names)}, and the schema takes none.`
      : `The rows have ${names.length} new columns, and the schema takes none: ${list(names)}.`,
    {
      hint:
        (near === undefined ? "" : `is it "${near}" under another name? then give \`rename_from\`; else `) +
        "declare it under `schema.columns`, or set `schema.evolution.on_new_column` to evolve or discard_column",
      context: { columns: [...names] },
      location: placeOf(where),
    },
  );
}

export function missingColumns(names: readonly string[], where: Where): EngineError {
  const required = where.column?.nullable === false || where.column?.primaryKey === true;
  return new EngineError(
    "SCHEMA_MISSING_COLUMN",
    names.length === 1
      ? `The rows have no column ${list(names)}, which the schema has.`
      : `The rows lack ${names.length} columns of the schema: ${list(names)}.`,
    {
      hint: required
        ? "give it a `default`, say what the source calls it with `rename_from`, or let it be NULL (`nullable: true`)"
        : "mend the source, say what it calls the column with `rename_from`, or set " +
          "`schema.evolution.allow_column_deletion: true`: new rows then have NULL there",
      context: { columns: [...names] },
      location: placeOf(where),
    },
  );
}

export function typeChanged(
  name: string,
  where: Where & { from: LogicalType; to: LogicalType },
): EngineError {
  const [from, to] = [formatType(where.from), formatType(where.to)];
  return new EngineError(
    "SCHEMA_TYPE_CHANGED",
    `Column "${name}" holds ${to}, and the destination's column is ${from}, which can't hold that exactly.`,
    {
      hint:
        "set `on_type_change` (in `schema.evolution`, or for the column alone) to evolve (a wider type), variant " +
        "(a column beside it), discard_row or discard_column; or cast the column in a step",
      context: { column: name, from, to },
      location: placeOf(where),
    },
  );
}

export function lossy(
  column: ColumnPolicy,
  of: { source: string; from: LogicalType; to: LogicalType },
): EngineError {
  const [from, to] = [formatType(of.from), formatType(of.to)];
  return new EngineError(
    "SCHEMA_LOSSY",
    `Column "${of.source}" is ${from}: as ${to}, as the schema declares it, its values would not say the same.`,
    {
      hint: `declare it as ${from}, convert it in a cast step, or use schema.mode: lenient`,
      context: { column: of.source, from, to },
      location: column.location,
    },
  );
}

export function lossyMapping(losses: readonly string[], policy: SchemaPolicy): EngineError {
  return new EngineError(
    "SCHEMA_LOSSY",
    `schema.mode is strict, and a mapping of types loses something: ${losses[0]}` +
      (losses.length > 1 ? ` (and ${losses.length - 1} more)` : ""),
    {
      hint: "cast the column in the source's query or in a step, or use schema.mode: infer",
      context: { losses: [...losses] },
      location: policy.location,
    },
  );
}

export function noConversion(
  column: { name: string; from: LogicalType; to: LogicalType; why?: string },
  where: Where,
): EngineError {
  return new EngineError(
    "SCHEMA_TYPE",
    `Column "${column.name}" is ${formatType(column.from)} and can't become ${formatType(column.to)}.`,
    {
      hint: column.why ?? "declare another type, or convert the column in a step",
      context: { column: column.name, from: formatType(column.from), to: formatType(column.to) },
      location: placeOf(where),
    },
  );
}

export function bothNames(column: ColumnPolicy, old: string): EngineError {
  return new EngineError(
    "SCHEMA_RENAME",
    `The rows have "${column.name}" and "${old}", and the schema says that these are one column.`,
    {
      hint: "remove `rename_from`, or leave one of them out with a drop_columns step",
      context: { column: column.name, rename_from: old },
      location: column.location,
    },
  );
}

export function noColumns(policy: SchemaPolicy): EngineError {
  return new EngineError("NO_COLUMNS", "The schema leaves no column to load.", {
    hint: "let at least one column through",
    location: policy.location,
  });
}

/** A value that a column can't hold. `row` is 1-based in its batch. */
export function badValue(
  found: { column: string; row: number; value: string | null; reason: string },
  where: Where,
): ConnectorError {
  const value = found.value === null ? "NULL" : JSON.stringify(found.value);
  const code = found.value === null ? "SCHEMA_NULL" : "SCHEMA_VALUE";
  return new ConnectorError(
    code,
    `Column "${found.column}", row ${found.row}: ${value} ${found.reason}.`,
    {
      hint: code === "SCHEMA_NULL"
        ? "mend the source, give the column a `default`, or set `on_nullability_change: discard_row`"
        : "mend the source, declare another type, use schema.mode: lenient, or keep such rows with runtime.dead_letter",
      context: { column: found.column, row: found.row, value: found.value, reason: found.reason },
      location: placeOf(where),
    },
  );
}

export function duplicateValue(
  found: { columns: readonly string[]; row: number; value: string; key: boolean },
  where: Where,
): ConnectorError {
  const what = found.key ? "the primary key" : "unique";
  return new ConnectorError(
    "SCHEMA_DUPLICATE",
    `Column "${found.columns.join('", "')}", row ${found.row}: ${
      JSON.stringify(found.value)
    } is there already, and the column is ${what}.`,
    {
      hint:
        "use write_mode: merge with merge_keys, or leave doubles out in a sql step (SELECT DISTINCT ON …)",
      context: { columns: [...found.columns], row: found.row, value: found.value },
      location: placeOf(where),
    },
  );
}
