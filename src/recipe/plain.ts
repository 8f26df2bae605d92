/**
 * Turns rendered nodes into the plain values that zod checks: templates get the type the schema wants, paths are
 * resolved against the file that wrote them, secrets are noted.
 */
import type { Json } from "../sdk/mod.ts";
import type { Node, Path, RenderedNode, ScalarNode } from "./node.ts";
import { resolvePath } from "./paths.ts";
import type { Marks, SchemaView } from "./schema_view.ts";
import { looksSecret, urlPasswords } from "./secrets.ts";

/** A value, and the paths in it that can't be checked because a variable is missing. */
export interface PlainResult {
  readonly value: Json;
  readonly unknown: readonly Path[];
  /** Whole numbers too large to be kept exactly. */
  readonly inexact: readonly Path[];
}

/** Makes a node plain. Without a schema (a plug-in that is not loaded) values are taken as they are. */
export function toPlain(node: Node, schema: SchemaView | undefined, secrets: Set<string>): PlainResult {
  const builder = new Builder(secrets);
  const value = builder.build(node, schema, []);
  return { value, unknown: builder.unknown, inexact: builder.inexact };
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const BOOLEAN = /^(true|false)$/i;

class Builder {
  readonly unknown: Path[] = [];
  readonly inexact: Path[] = [];
  readonly #secrets: Set<string>;

  constructor(secrets: Set<string>) {
    this.#secrets = secrets;
  }

  build(node: Node, view: SchemaView | undefined, path: Path): Json {
    switch (node.kind) {
      case "map": {
        const entries = [...node.entries].map(([key, entry]): [string, Json] => {
          const below = [...path, key];
          const value = this.build(entry.node, view?.child(key), below);
          if (view === undefined && looksSecret(key)) this.#addSecrets(value);
          return [key, value];
        });
        return Object.fromEntries(entries);
      }
      case "list":
        return node.items.map((item, i) => this.build(item, view?.item(i), [...path, i]));
      case "scalar":
        return this.#finish(this.#literal(node, { view, path }), node, view?.marks);
      case "rendered":
        if (node.unknown) {
          this.unknown.push(path);
          return standIn(view, node.text);
        }
        return this.#finish(this.#rendered(node, view), node, view?.marks);
    }
  }

  #literal(node: ScalarNode, context: { view: SchemaView | undefined; path: Path }): Json {
    if (typeof node.value !== "number") return node.value;
    if (context.view?.marks.text) return node.text;
    if (Number.isInteger(node.value) && !Number.isSafeInteger(node.value)) this.inexact.push(context.path);
    return node.value;
  }

  #rendered(node: RenderedNode, view: SchemaView | undefined): Json {
    const { native, text } = node;
    if (view === undefined) return native;
    if (view.marks.text && native !== null && typeof native !== "object") return text;
    if (Array.isArray(native)) return view.accepts("list") || !view.accepts("string") ? native : text;
    if (native !== null && typeof native === "object") {
      return view.accepts("map") || !view.accepts("string") ? native : text;
    }
    if (native === null) return view.accepts("null") ? null : text;
    if (typeof native !== "string" && view.accepts(typeof native as "number" | "boolean")) return native;
    if (view.accepts("string")) return text;
    const trimmed = text.trim();
    if (view.accepts("number") && NUMBER.test(trimmed) && isExact(trimmed)) return Number(trimmed);
    if (view.accepts("boolean") && BOOLEAN.test(trimmed)) return trimmed.toLowerCase() === "true";
    return text;
  }

  #finish(value: Json, node: ScalarNode | RenderedNode, marks: Marks | undefined): Json {
    if (marks?.secret) this.#addSecrets(value);
    if (typeof value !== "string") {
      return marks?.path && Array.isArray(value) ? this.#paths(value, node) : value;
    }
    for (const password of urlPasswords(value)) this.#secrets.add(password);
    return marks?.path ? resolvePath(node.place.source.path, value) : value;
  }

  #paths(values: Json[], node: Node): Json[] {
    return values.map((value) =>
      typeof value === "string" ? resolvePath(node.place.source.path, value) : value
    );
  }

  #addSecrets(value: Json): void {
    if (typeof value === "object" && value !== null) {
      Object.values(value).forEach((item) => this.#addSecrets(item));
    } else if (typeof value !== "boolean" && value !== null && value !== "") this.#secrets.add(String(value));
  }
}

/** Whether a number can be kept as it is written: a whole number beyond 2^53 can't. */
function isExact(text: string): boolean {
  return !/^[-+]?\d+$/.test(text) || Number.isSafeInteger(Number(text));
}

/** A value that passes where the real one is not known yet. */
function standIn(view: SchemaView | undefined, text: string): Json {
  if (view === undefined) return text;
  const choice = view.choices[0];
  if (choice !== undefined) return choice;
  if (view.accepts("string")) return text === "" ? "unknown" : text;
  if (view.accepts("number")) return 1;
  if (view.accepts("boolean")) return false;
  if (view.accepts("list")) return [];
  return view.accepts("map") ? {} : text;
}
