/** Tables of a SQL system, as loading needs to know them. */

/** A table that is there or will be. */
export interface Target {
  readonly schema: string;
  readonly name: string;
  /** The qualified name, quoted. */
  readonly sql: string;
}

/** A column of a table that is there. Systems add what their bulk loader needs. */
export interface SqlColumn {
  readonly name: string;
  /** As the system writes it, and as a staging column is made. */
  readonly type: string;
  readonly nullable: boolean;
  /** The system computes it: it can't be written. */
  readonly generated: boolean;
}

/** A unique key: a primary key, a unique constraint or index. */
export interface SqlKey {
  readonly columns: readonly string[];
  /** False where it holds for some rows only or is checked at the commit, so that rows can't be matched by it. */
  readonly usable: boolean;
}

/** A table that is there. */
export interface SqlTable<C extends SqlColumn = SqlColumn> {
  readonly columns: readonly C[];
  readonly keys: readonly SqlKey[];
  /** False for a view and the like. */
  readonly writable: boolean;
  /** What it is, for people: `table`, `view`, `partitioned table`. */
  readonly kind: string;
}

/** The column of that name: spelled the same, else the only one that is the same regardless of case. */
export function findColumn<C extends { readonly name: string }>(
  table: { readonly columns: readonly C[] },
  name: string,
): C | undefined {
  const exact = table.columns.find((c) => c.name === name);
  if (exact !== undefined) return exact;
  const alike = table.columns.filter((c) => c.name.toLowerCase() === name.toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

/** The names of a target for people: `public.orders`. */
export function nameOf(target: Pick<Target, "schema" | "name">): string {
  return `${target.schema}.${target.name}`;
}

/** A name beside a target, in the same schema. */
export function beside(target: Target, name: string, quote: (name: string) => string): Target {
  return { schema: target.schema, name, sql: `${quote(target.schema)}.${quote(name)}` };
}
