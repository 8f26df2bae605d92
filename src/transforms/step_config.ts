/** Pieces of config that several steps share. */
import { z } from "zod";
import { formatType, type LogicalType, nearest, parseType, TransformError, TYPE_NAMES } from "../sdk/mod.ts";

/** A type as recipes write it; checked when the recipe is, with a suggestion. */
export const typeName = z.string().superRefine((text, context) => {
  if (parseType(text) === undefined) context.addIssue({ code: "custom", message: unknownType(text) });
});

/** Names of columns, none twice. */
export const columnNames = z.array(z.string().min(1)).min(1).superRefine((names, context) => {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    context.addIssue({ code: "custom", message: `column ${JSON.stringify(twice)} is named twice` });
  }
});

/**
 * The type that a text names.
 * @throws {TransformError} `UNKNOWN_TYPE` with the nearest name; configs that passed their schema never do.
 */
export function readType(text: string): LogicalType {
  const type = parseType(text);
  if (type === undefined) throw new TransformError("UNKNOWN_TYPE", unknownType(text));
  return type;
}

function unknownType(text: string): string {
  const name = text.trim().match(/^\w+/)?.[0] ?? text;
  const near = nearest(name, [...TYPE_NAMES, "array", "struct"]);
  const known = near !== undefined && near !== name.toLowerCase()
    ? `did you mean "${near}"?`
    : `write it like ${formatType({ kind: "decimal", precision: 10, scale: 2 })}, int64, array<string>`;
  return `"${text}" is not a type: ${known}`;
}
