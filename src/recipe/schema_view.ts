/**
 * Looks at a zod schema from outside: which keys there are below a path, which types a value may have, and which marks
 * (`x-path`, `x-secret`) hold. A value may stand under several schemas at once: the options of a union.
 */
import type { z } from "zod";

/** Kinds of values a schema may take. */
export type Accepted = "string" | "number" | "boolean" | "null" | "list" | "map";

export interface Marks {
  readonly path: boolean;
  readonly secret: boolean;
  /** `x-text`: numbers are taken as the text that was written. */
  readonly text: boolean;
}

interface Leaf {
  readonly schema: z.ZodType;
  readonly marks: Marks;
}

/** The parts of zod's definitions that are read here. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly getter?: () => z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly catchall?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly rest?: z.ZodType | null;
  readonly entries?: Record<string, unknown>;
  readonly values?: readonly unknown[];
}

const NO_MARKS: Marks = { path: false, secret: false, text: false };

/** How deep wrappers and unions are looked through: a schema that contains itself has no end. */
const MAX_WRAPPERS = 24;

const ACCEPTED: Record<string, readonly Accepted[]> = {
  string: ["string"],
  template_literal: ["string"],
  enum: ["string"],
  number: ["number"],
  int: ["number"],
  boolean: ["boolean"],
  null: ["null"],
  object: ["map"],
  record: ["map"],
  array: ["list"],
  tuple: ["list"],
  any: ["string", "number", "boolean", "null", "list", "map"],
  unknown: ["string", "number", "boolean", "null", "list", "map"],
  custom: ["string", "number", "boolean", "null", "list", "map"],
};

export class SchemaView {
  readonly #leaves: readonly Leaf[];

  constructor(leaves: readonly Leaf[]) {
    this.#leaves = leaves;
  }

  static of(schema: z.ZodType): SchemaView {
    return new SchemaView(expand(schema, NO_MARKS, 0));
  }

  get schemas(): readonly z.ZodType[] {
    return this.#leaves.map((leaf) => leaf.schema);
  }

  get marks(): Marks {
    return this.#leaves.reduce((all, { marks }) => join(all, marks), NO_MARKS);
  }

  accepts(kind: Accepted): boolean {
    return this.#leaves.some(({ schema }) => acceptedBy(schema).includes(kind));
  }

  /** Names of the keys that are listed, in order; a mapping of free keys lists none. */
  get keys(): string[] {
    return [...new Set(this.#leaves.flatMap(({ schema }) => Object.keys(definition(schema).shape ?? {})))];
  }

  /** What a key's value is checked against; undefined for a key that no option knows. */
  child(key: string): SchemaView | undefined {
    const leaves = this.#leaves.flatMap(({ schema, marks }) => {
      const { shape, valueType, catchall } = definition(schema);
      const inner = shape !== undefined && Object.hasOwn(shape, key) ? shape[key] : valueType ?? catchall;
      // A secret mapping has secret values; a path mark on a mapping says nothing of its values.
      const inherited = { ...NO_MARKS, secret: marks.secret };
      return inner === undefined || definition(inner).type === "never" ? [] : expand(inner, inherited, 0);
    });
    return leaves.length === 0 ? undefined : new SchemaView(leaves);
  }

  /** What an item of a list is checked against. */
  item(index: number): SchemaView | undefined {
    const leaves = this.#leaves.flatMap(({ schema, marks }) => {
      const { element, items, rest } = definition(schema);
      const inner = element ?? items?.[index] ?? rest ?? undefined;
      return inner === undefined ? [] : expand(inner, marks, 0);
    });
    return leaves.length === 0 ? undefined : new SchemaView(leaves);
  }

  /** The values of an enumeration, if it is one. */
  get choices(): string[] {
    return this.#leaves.flatMap(({ schema }) => {
      const { type, entries, values } = definition(schema);
      return type === "enum" ? Object.values(entries ?? {}) : type === "literal" ? [...(values ?? [])] : [];
    }).filter((value) => typeof value === "string");
  }
}

function expand(schema: z.ZodType, marks: Marks, depth: number): Leaf[] {
  if (depth > MAX_WRAPPERS) return [];
  const own = join(marks, marksOf(schema));
  const { type, innerType, getter, in: input, out, options, left, right } = definition(schema);
  const inner = (each: z.ZodType) => expand(each, own, depth + 1);
  if (type === "nullable") return [{ schema, marks: own }, ...inner(innerType!)];
  if (type === "lazy") return inner(getter!());
  if (type === "pipe") return inner(definition(input!).type === "transform" ? out! : input!);
  if (type === "union") return options!.flatMap(inner);
  if (type === "intersection") return [...inner(left!), ...inner(right!)];
  if (innerType !== undefined) return inner(innerType);
  return [{ schema, marks: own }];
}

function marksOf(schema: z.ZodType): Marks {
  const meta = schema.meta() as Record<string, unknown> | undefined;
  if (meta === undefined) return NO_MARKS;
  return { path: meta["x-path"] === true, secret: meta["x-secret"] === true, text: meta["x-text"] === true };
}

function join(a: Marks, b: Marks): Marks {
  return { path: a.path || b.path, secret: a.secret || b.secret, text: a.text || b.text };
}

function acceptedBy(schema: z.ZodType): readonly Accepted[] {
  const { type, values } = definition(schema);
  if (type === "nullable") return ["null"];
  if (type !== "literal") return ACCEPTED[type] ?? [];
  return (values ?? []).map((value) => value === null ? "null" : typeof value as Accepted);
}

function definition(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}
