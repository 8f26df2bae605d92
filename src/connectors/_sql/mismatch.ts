/** What to do about a column whose values don't go into the table's. */

/** `type`: the table's, as a recipe writes it; undefined where a step can't make it. */
export function mismatchHint(column: string, type: string | undefined): string {
  const evolve = "let the table change: schema: { evolution: { on_type_change: evolve } }";
  return type === undefined
    ? evolve
    : `where all values are such, add a step { type: cast, columns: { ${column}: ${type} } }; or ${evolve}`;
}
