/** Looking columns up by name, and the errors when they are not there. */
import { type Field, nearest, quoteIdent, type Schema, TransformError } from "../sdk/mod.ts";

/**
 * A column that the pipeline adds while it looks for the row that broke a run: the 1-based number of the row in the
 * source. Steps that list columns keep it when it is there.
 */
export const ROW_COLUMN = "__dataloader_row";

/** How many names an error lists before it says "and n more". */
const LISTED = 12;

/** Columns by name. The engine compares names without regard to case; an exact match wins. */
export class ColumnIndex {
  readonly #schema: Schema;
  readonly #exact: ReadonlyMap<string, Field>;
  readonly #folded: ReadonlyMap<string, Field>;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#exact = new Map(schema.fields.map((field) => [field.name, field]));
    this.#folded = new Map(schema.fields.map((field) => [fold(field.name), field]));
  }

  find(name: string): Field | undefined {
    return this.#exact.get(name) ?? this.#folded.get(fold(name));
  }

  /** @throws {TransformError} `UNKNOWN_COLUMN` with the nearest name. */
  get(name: string): Field {
    return this.find(name) ?? raise(unknownColumn(name, this.#schema));
  }
}

/** The error for a column that is not there. */
export function unknownColumn(name: string, schema: Schema): TransformError {
  const names = visibleNames(schema);
  const near = nearest(name, names);
  return new TransformError("UNKNOWN_COLUMN", `there is no column ${showName(name)}`, {
    hint: near === undefined ? `the columns are: ${listNames(names)}` : `did you mean ${showName(near)}?`,
    context: { column: name },
  });
}

/** Names without what the pipeline adds for itself. */
export function visibleNames(schema: Schema): string[] {
  return schema.fields.map((field) => field.name).filter((name) => name !== ROW_COLUMN);
}

/** Names as errors list them: the first dozen, and how many more. */
export function listNames(names: readonly string[]): string {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** A name as errors show it: in quotes, cut where it is endless. */
export function showName(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Folds a name as the engine compares names: ASCII letters only. */
export function fold(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The quoted column list of names, for a SELECT. */
export function columnList(names: readonly string[]): string {
  return names.map(quoteIdent).join(", ");
}

function raise(error: Error): never {
  throw error;
}
