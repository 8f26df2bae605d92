/** The `function` step of function.yaml: rows in, rows out. */

/** Adds a column `initials`: "Ada", "Lindqvist" becomes "A.L." with the separator ".". */
export function addInitials(
  rows: Record<string, unknown>[],
  { params }: { params: { separator: string } },
): Record<string, unknown>[] {
  return rows.map((row) => {
    const names = [row.fname, row.lname].filter((name) => typeof name === "string");
    return { ...row, initials: names.map((name) => name.charAt(0) + params.separator).join("") };
  });
}
