/** Versions of the schema of what a recipe loads, apart from its state: what changed, when, and by which run. */
import { formatType, type LogicalType, parseType, type Schema, type SchemaChange } from "../sdk/mod.ts";
import { keepsKind } from "./lattice.ts";
import { isVariantOf } from "./names.ts";

/** A column as a version has it; the type as recipes write it. */
export interface VersionColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

/** One difference between two versions. */
export interface VersionChange {
  readonly kind: "added" | "removed" | "type" | "nullability" | "renamed";
  readonly column: string;
  /** Type, nullability or name before. */
  readonly from?: string;
  readonly to?: string;
}

/** The schema of one resource, from a run on. */
export interface SchemaVersion {
  /** From 1. */
  readonly version: number;
  /** RFC 3339, UTC. */
  readonly recorded_at: string;
  readonly run_id: string;
  readonly columns: readonly VersionColumn[];
  /** Against the version before; empty for the first. */
  readonly changes: readonly VersionChange[];
}

/** Keeps versions. One per place: a directory, a database. */
export interface SchemaRegistry {
  /** All versions of a resource, oldest first; none where it was never loaded. */
  versions(recipe: string, resource: string): Promise<readonly SchemaVersion[]>;
  /**
   * Adds a version.
   * @throws {StateError} `SCHEMA_CONFLICT` where another run has added one of that number.
   */
  add(recipe: string, resource: string, version: SchemaVersion): Promise<void>;
  /** Where the versions of a recipe are, for people. */
  describe(recipe: string): string;
  close(): Promise<void>;
}

/** A schema as a version keeps it. */
export function versionColumns(schema: Schema): VersionColumn[] {
  return schema.fields.map(({ name, type, nullable }) => ({ name, type: formatType(type), nullable }));
}

/** A version's columns as a schema. */
export function schemaOf(columns: readonly VersionColumn[]): Schema {
  return {
    fields: columns.map(({ name, type, nullable }) => ({
      name,
      type: parseType(type) ?? { kind: "string" },
      nullable,
    })),
  };
}

/** What has changed between two lists of columns. `renamed`: new name by old name, as a recipe says. */
export function diffColumns(
  before: readonly VersionColumn[],
  after: readonly VersionColumn[],
  renamed: ReadonlyMap<string, string> = new Map(),
): VersionChange[] {
  const old = new Map(before.map((column) => [column.name.toLowerCase(), column]));
  const from = new Map(
    [...renamed].map(([before, after]) => [after.toLowerCase(), before.toLowerCase()]),
  );
  const changes: VersionChange[] = [];
  for (const column of after) {
    const key = column.name.toLowerCase();
    const oldKey = old.has(key) ? key : from.get(key);
    const was = oldKey === undefined ? undefined : old.get(oldKey);
    if (was === undefined) {
      changes.push({ kind: "added", column: column.name, to: column.type });
      continue;
    }
    old.delete(oldKey!);
    if (oldKey !== key) {
      changes.push({ kind: "renamed", column: column.name, from: was.name, to: column.name });
    }
    if (was.type !== column.type) {
      changes.push({ kind: "type", column: column.name, from: was.type, to: column.type });
    }
    if (was.nullable !== column.nullable) {
      const word = (nullable: boolean) => nullable ? "null" : "not null";
      changes.push({
        kind: "nullability",
        column: column.name,
        from: word(was.nullable),
        to: word(column.nullable),
      });
    }
  }
  for (const column of old.values()) {
    changes.push({ kind: "removed", column: column.name, from: column.type });
  }
  return changes;
}

/** The version that a schema makes after those there are; undefined where nothing has changed. */
export function nextVersion(
  versions: readonly SchemaVersion[],
  now: { schema: Schema; runId: string; time: Date; renamed?: ReadonlyMap<string, string> },
): SchemaVersion | undefined {
  const last = versions.at(-1);
  const columns = [...versionColumns(now.schema)];
  const loaded = columns.map((column) => column.name);
  const names = new Set(loaded.map((name) => name.toLowerCase()));
  // A load without such values does not take their column away.
  for (const column of last?.columns ?? []) {
    if (!names.has(column.name.toLowerCase()) && isVariantOf(column.name, loaded)) columns.push(column);
  }
  const changes = last === undefined ? [] : diffColumns(last.columns, columns, now.renamed);
  if (last !== undefined && changes.length === 0) return undefined;
  return {
    version: (last?.version ?? 0) + 1,
    recorded_at: now.time.toISOString(),
    run_id: now.runId,
    columns,
    changes,
  };
}

/** A change in words: `+ b int64`. */
export function describeVersionChange({ kind, column, from, to }: VersionChange): string {
  switch (kind) {
    case "added":
      return `+ ${column} ${to}`;
    case "removed":
      return `- ${column} ${from}`;
    case "renamed":
      return `> ${from} is now ${column}`;
    default:
      return `~ ${column} ${from} → ${to}`;
  }
}

/** A change of the rows that the destination has no part in, as an event tells it. */
export function rowsChange(change: VersionChange): SchemaChange | undefined {
  const { kind, column, from, to } = change;
  if (kind === "removed") {
    return { kind: "missing_column", column, description: `column ${column} is not in the rows any more` };
  }
  if (kind !== "type") return undefined;
  const [before, after] = [parseType(from!), parseType(to!)] as (LogicalType | undefined)[];
  const safe = before !== undefined && after !== undefined && keepsKind(before, after);
  return {
    kind: "change_type",
    column,
    description: `column ${column} of the rows has turned from ${from} into ${to}`,
    safety: safe ? "safe" : "destructive",
  };
}
