/** Checks nodes against zod schemas: gives values, or reports problems. */
import type { z } from "zod";
import type { Json } from "../sdk/mod.ts";
import type { IssueContext } from "./issues.ts";
import { describeIssues, labelOf, touches } from "./issues.ts";
import type { Node, Path, Place } from "./node.ts";
import { formatPath, nearestNode } from "./node.ts";
import { toPlain } from "./plain.ts";
import type { Problems } from "./problems.ts";
import { SchemaView } from "./schema_view.ts";

const views = new WeakMap<z.ZodType, SchemaView>();

/** The view of a schema; each is built once. */
export function viewOf(schema: z.ZodType): SchemaView {
  let view = views.get(schema);
  if (view === undefined) {
    view = SchemaView.of(schema);
    views.set(schema, view);
  }
  return view;
}

export interface Checked<T> {
  /** The value as zod gives it; undefined where problems were reported or a missing variable hides it. */
  readonly value?: T;
  /** The value before zod: plain, with paths resolved. */
  readonly plain: Json;
  /** Paths of values that hang on missing variables; `[[]]`, the whole, where nothing else can be told either. */
  readonly unknown: readonly Path[];
}

export class Checker {
  readonly problems: Problems;
  readonly secrets: Set<string>;
  readonly #elsewhere: (key: string) => string | undefined;

  constructor(
    problems: Problems,
    options: { secrets: Set<string>; elsewhere: (key: string) => string | undefined },
  ) {
    this.problems = problems;
    this.secrets = options.secrets;
    this.#elsewhere = options.elsewhere;
  }

  /** Checks a node. `otherKeys` are keys that belong to the block beside those of the schema. */
  check<T>(
    node: Node,
    schema: z.ZodType<T>,
    options: { path: Path; otherKeys?: readonly string[]; typePlace?: Place },
  ): Checked<T> {
    const view = viewOf(schema);
    const plain = toPlain(node, view, this.secrets);
    this.#reportInexact(node, plain.inexact, options.path);
    const result = schema.safeParse(plain.value);
    const { unknown } = plain;
    if (result.success) return { value: result.data, plain: plain.value, unknown };
    const known = result.error.issues.filter((issue) =>
      !touches(issue.path as Path, plain.unknown) || issue.code === "unrecognized_keys"
    );
    const context: IssueContext = { node, view, elsewhere: this.#elsewhere, ...options };
    this.problems.addAll(describeIssues(known, context));
    if (known.length > 0) return { plain: plain.value, unknown };
    // Only values that are not known yet stand in the way: without them the rest may do.
    const inTheWay = unknown.filter((path) =>
      result.error.issues.some((issue) => touches(issue.path as Path, [path]))
    );
    for (const paths of [unknown, inTheWay]) {
      const rest = schema.safeParse(without(plain.value, paths));
      if (rest.success) return { value: rest.data, plain: plain.value, unknown };
    }
    return { plain: plain.value, unknown: [[]] };
  }

  /** Takes a node as it is: for what no schema is known of. */
  take(node: Node): Json {
    return toPlain(node, undefined, this.secrets).value;
  }

  #reportInexact(node: Node, paths: readonly Path[], at: Path): void {
    for (const path of paths) {
      const { place } = nearestNode(node, path);
      this.problems.add({
        code: "INVALID_VALUE",
        message: `${labelOf([...at, ...path])} is too large a number to be kept exactly.`,
        hint: "put it in quotes",
        context: { key: formatPath([...at, ...path]) },
        place,
      });
    }
  }
}

/** A copy of a value without the keys at the given paths. */
function without(value: Json, paths: readonly Path[]): Json {
  if (Array.isArray(value)) return value.map((item, i) => without(item, below(paths, i)));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, Json][] => {
    const inner = below(paths, key);
    return inner.some((path) => path.length === 0) ? [] : [[key, without(item, inner)]];
  });
  return Object.fromEntries(entries);
}

function below(paths: readonly Path[], key: string | number): Path[] {
  return paths.filter((path) => path[0] === key).map((path) => path.slice(1));
}
