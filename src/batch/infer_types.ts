/** The types of JavaScript values. */
import { EngineError, formatType, type LogicalType, type Schema } from "../sdk/mod.ts";

/** Values one by one: what type holds them all. */
export class TypeInference {
  readonly #column: string;
  #type: LogicalType | undefined;
  /** An integer beyond 2^53, which a float could not hold. */
  #large = false;
  #items: TypeInference | undefined;
  #fields: Map<string, TypeInference> | undefined;

  constructor(column: string) {
    this.#column = column;
  }

  add(value: unknown, row: number): void {
    if (value === null || value === undefined) return;
    if (typeof value === "bigint" && !Number.isSafeInteger(Number(value))) this.#large = true;
    this.#merge(typeOf(value) ?? this.#fail(`holds a ${describe(value)}, which has no type`, row), row);
    if (Array.isArray(value)) {
      this.#items ??= new TypeInference(`${this.#column}[]`);
      for (const item of value) this.#items.add(item, row);
    } else if (this.#type?.kind === "struct") {
      this.#fields ??= new Map();
      for (const [name, field] of Object.entries(value)) {
        let inference = this.#fields.get(name);
        if (inference === undefined) {
          inference = new TypeInference(`${this.#column}.${name}`);
          this.#fields.set(name, inference);
        }
        inference.add(field, row);
      }
    }
  }

  #merge(type: LogicalType, row: number): void {
    const before = this.#type;
    if (before === undefined || before.kind === type.kind) {
      this.#type = type.kind === "integer" || before === undefined ? type : before;
      return;
    }
    const numbers = new Set([before.kind, type.kind]);
    if ([...numbers].every((kind) => kind === "integer" || kind === "float" || kind === "decimal")) {
      const wide = numbers.has("float") ? "float" : "decimal";
      this.#type = before.kind === wide ? before : type.kind === wide ? type : before;
      return;
    }
    this.#fail(`holds ${formatType(before)} and ${formatType(type)} values`, row);
  }

  /** The type found; columns without any value are strings. */
  result(): LogicalType {
    const type = this.#type ?? { kind: "string" };
    if (type.kind === "float" && this.#large) {
      this.#fail("mixes fractions with integers beyond 2^53, which no float holds exactly");
    }
    if (type.kind === "array") {
      return { kind: "array", items: this.#items?.result() ?? { kind: "string" } };
    }
    if (type.kind === "struct") {
      const fields = [...this.#fields ?? []].map(([name, field]) => ({ name, type: field.result() }));
      if (fields.length === 0) this.#fail("holds only objects without keys");
      return { kind: "struct", fields };
    }
    return type;
  }

  #fail(what: string, row?: number): never {
    const where = row === undefined ? "" : ` (row ${row + 1})`;
    throw new EngineError("MIXED_TYPES", `Column "${this.#column}" ${what}${where}.`, {
      hint: "give the schema of the rows, with json for values of any shape",
      context: { column: this.#column, ...(row === undefined ? {} : { row: row + 1 }) },
    });
  }
}

function typeOf(value: unknown): LogicalType | undefined {
  switch (typeof value) {
    case "string":
      return { kind: "string" };
    case "boolean":
      return { kind: "boolean" };
    case "bigint":
      return value === BigInt.asIntN(64, value)
        ? { kind: "integer", bits: 64 }
        : { kind: "decimal", precision: 38, scale: 0 };
    case "number":
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? { kind: "integer", bits: 64 }
        : { kind: "float", bits: 64 };
    case "object":
      if (value instanceof Date) return { kind: "datetime", tz: true };
      if (value instanceof Uint8Array || value instanceof ArrayBuffer) return { kind: "binary" };
      if (Array.isArray(value)) return { kind: "array", items: { kind: "string" } };
      return value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)
        ? undefined
        : { kind: "struct", fields: [] };
    default:
      return undefined;
  }
}

/** A value's kind for a message, never the value whole. */
export function describe(value: unknown): string {
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "object";
  return typeof value;
}

/** The schema of rows of arrays. */
export function inferSchema(columns: readonly string[], rows: readonly (readonly unknown[])[]): Schema {
  return {
    fields: columns.map((name, index) => {
      const inference = new TypeInference(name);
      rows.forEach((row, number) => inference.add(row[index], number));
      return { name, type: inference.result(), nullable: true };
    }),
  };
}
