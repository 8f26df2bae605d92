/**
 * What a `schema:` block says of rows, found by looking at all of them: types that texts are of throughout, columns without
 * NULL, keys. Pure: the SQL, and what its answer means.
 */
import {
  type Field,
  formatType,
  type LogicalType,
  quoteIdent,
  quoteLiteral,
  type Schema,
} from "../sdk/mod.ts";

/** A column as it would stand under `schema.columns`. */
export interface InferredColumn {
  readonly name: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
  readonly primaryKey: boolean;
  readonly unique: boolean;
}

/** What is counted of some rows. */
export interface Profile {
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
}

export interface ColumnProfile {
  readonly values: number;
  /** About how many are different; exact where it equals `values` after `distinctSql`. */
  readonly distinct?: number;
  /** Values that are written as each of these types, of text columns. */
  readonly uuids?: number;
  readonly json?: number;
}

const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/** Names that keys have. */
const KEY_NAME = /(^|_)(id|uuid|guid|key|code|number|no|nr|sku|email|slug)$/i;

/** Whether a column may be worth telling whether its values are different. */
function mayBeKey(field: Field, index: number): boolean {
  const kinds = ["integer", "string", "uuid"];
  return kinds.includes(field.type.kind) && (index === 0 || KEY_NAME.test(snake(field.name)));
}

/** `orderId` as `order_id`. */
function snake(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(/\W+/g, "_");
}

/** One row of counts over a relation. */
export function profileSql(schema: Schema, relation: string): string {
  const items = schema.fields.flatMap((field, i) => {
    const x = quoteIdent(field.name);
    const text = field.type.kind === "string"
      ? [
        `count(*) FILTER (WHERE regexp_full_match(${x}, ${quoteLiteral(UUID)})) AS uuids_${i}`,
        // Only texts that begin like a record or a list: every number is JSON as well.
        `count(*) FILTER (WHERE CASE WHEN left(ltrim(${x}), 1) IN ('{', '[') THEN json_valid(${x}) ELSE false END) AS json_${i}`,
      ]
      : [];
    const distinct = mayBeKey(field, i) ? [`approx_count_distinct(${x}) AS distinct_${i}`] : [];
    return [`count(${x}) AS values_${i}`, ...text, ...distinct];
  });
  return `SELECT count(*) AS rows, ${items.join(", ")} FROM ${relation}`;
}

/** Reads the row of `profileSql`. */
export function readProfile(schema: Schema, row: Readonly<Record<string, unknown>>): Profile {
  const number = (name: string) =>
    row[name] === undefined || row[name] === null ? undefined : Number(row[name]);
  return {
    rows: Number(row.rows),
    columns: schema.fields.map((_, i) => ({
      values: number(`values_${i}`) ?? 0,
      distinct: number(`distinct_${i}`),
      uuids: number(`uuids_${i}`),
      json: number(`json_${i}`),
    })),
  };
}

/** How far an estimate of different values may be off; the exact count decides. */
const ESTIMATE = 0.9;

/** Columns whose values seem to be all different, so that it is worth to count them: at most a few. */
export function keyCandidates(schema: Schema, profile: Profile): string[] {
  return schema.fields.filter((_, i) => {
    const { values, distinct } = profile.columns[i]!;
    return distinct !== undefined && profile.rows > 1 && values === profile.rows &&
      distinct >= values * ESTIMATE;
  }).map((field) => field.name).slice(0, 4);
}

/** One row: for each column, in order, how many different values it has. */
export function distinctSql(columns: readonly string[], relation: string): string {
  const items = columns.map((name, i) => `count(DISTINCT ${quoteIdent(name)}) AS n${i}`);
  return `SELECT ${items.join(", ")} FROM ${relation}`;
}

/** The columns of a `schema:` block. `unique` are those whose values are all different, none of them NULL. */
export function inferColumns(schema: Schema, profile: Profile, unique: readonly string[]): InferredColumn[] {
  const ids = unique.filter((name) => /(^|_)(id|uuid|guid|key)$/i.test(snake(name)));
  // One key: `id` rather than `customer_id`, the first of several.
  const key = ids.find((name) => /^(id|uuid|guid|key)$/i.test(name)) ?? ids[0];
  return schema.fields.map((field, i) => {
    const column = profile.columns[i]!;
    return {
      name: field.name,
      type: refineType(field.type, column),
      nullable: profile.rows === 0 || column.values < profile.rows,
      primaryKey: field.name === key,
      unique: field.name !== key && unique.includes(field.name) && KEY_NAME.test(snake(field.name)),
    };
  });
}

/** The type that a text is of throughout. */
function refineType(type: LogicalType, { values, uuids, json }: ColumnProfile): LogicalType {
  if (type.kind !== "string" || values === 0) return type;
  if (uuids === values) return { kind: "uuid" };
  return json === values ? { kind: "json" } : type;
}

/** A `schema:` block as plain data, in the order it is written. */
export function toBlock(columns: readonly InferredColumn[], mode: string): Record<string, unknown> {
  return {
    mode,
    columns: columns.map(({ name, type, nullable, primaryKey, unique }) => ({
      name,
      type: formatType(type).replace(/^int64$/, "integer"),
      ...(nullable ? {} : { nullable: false }),
      ...(primaryKey ? { primary_key: true } : {}),
      ...(unique ? { unique: true } : {}),
    })),
  };
}
