/** Reads one recipe file: YAML 1.2 or JSON to a tree of nodes with places. */
import type { Alias, Pair } from "yaml";
import { isAlias, isMap, isPair, isScalar, isSeq } from "yaml";
import type { MapEntry, MapNode, Node, Place, SourceFile } from "./node.ts";
import type { Problem } from "./problems.ts";
import { describeComplexKey, describeYamlError } from "./yaml_errors.ts";
import { parseYaml } from "./yaml_parser.ts";

/** Far more than a recipe needs, far less than what would exhaust memory or the stack. */
const MAX_DEPTH = 64;
const MAX_ALIASED_NODES = 100_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** What a file holds. `root` is missing where it can't be read at all; `problems` then says why. */
export interface ParsedFile {
  readonly source: SourceFile;
  readonly root?: MapNode;
  readonly problems: readonly Problem[];
}

/** Parses the text of a recipe file. Never throws for what the text holds. */
export function parseFile(path: string, raw: string): ParsedFile {
  const text = raw.startsWith("\uFEFF") ? raw.slice(1) : raw;
  const source: SourceFile = { path, text, lineStarts: lineStartsOf(text) };
  const fail = (problem: Problem): ParsedFile => ({ source, problems: [problem] });
  const broken = text.search(/[\uFFFD\0]/);
  if (broken >= 0) return fail(encodingProblem(at(source, broken)));
  if (text.length > MAX_CHARACTERS) {
    return fail({
      code: "RECIPE_TOO_LARGE",
      message: "The file is larger than 16 MiB.",
      hint: "a recipe holds no data: is this the right file?",
      place: at(source, 0),
    });
  }
  // JSON may be indented by tabs, YAML may not; a raw tab can't be inside a JSON string.
  const isJson = /\.json$/i.test(path);
  const documents = parseYaml(isJson ? text.replaceAll("\t", " ") : text, {
    prettyErrors: false,
    // Checked below, with both places; the parser's own check takes quadratic time.
    uniqueKeys: false,
    logLevel: "silent",
  });
  const document = documents[0];
  const syntax = document === undefined ? [] : [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    // What follows the first syntax error is mostly its echo.
    const offset = Math.min(syntax[0]!.pos[0], Math.max(0, text.length - 1));
    return fail({ ...describeYamlError(syntax[0]!, lineAt(source, offset)), place: at(source, offset) });
  }
  if (document === undefined || document.contents === null || isEmptyScalar(document.contents)) {
    return fail({
      code: "EMPTY_RECIPE",
      message: "The file is empty.",
      hint: "a recipe has at least a name, a source and a destination",
      place: at(source, 0),
    });
  }
  if (documents.length > 1) {
    return fail({
      code: "MULTIPLE_DOCUMENTS",
      message: "The file holds more than one YAML document.",
      hint: "keep one recipe per file: remove the `---` between them",
      place: at(source, documents[1]!.range[0]),
    });
  }
  const converter = new Converter(source);
  const root = converter.convert(document.contents, undefined);
  if (root.kind !== "map") {
    return fail({
      code: "NOT_A_MAPPING",
      message: `The recipe must be a mapping of keys to values, but the file holds ${
        root.kind === "list" ? "a list" : "a single text"
      }.`,
      hint: "begin with `name: my_recipe`",
      place: root.place,
    });
  }
  return { source, root, problems: converter.problems };
}

/** What is said of a file that is not UTF-8. */
export function encodingProblem(place: Place | undefined): Problem {
  return {
    code: "INVALID_ENCODING",
    message: "The file is not UTF-8 text.",
    hint: "save it as UTF-8",
    place,
  };
}

class Converter {
  readonly problems: Problem[] = [];
  readonly #source: SourceFile;
  readonly #anchors = new Map<string, { node?: Node; size: number }>();
  #aliased = 0;
  #converted = 0;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  /** `key` is the place of the key that the value belongs to: what a collection is shown by. */
  convert(value: unknown, key: Place | undefined, depth = 0): Node {
    if (isAlias(value)) return this.#alias(value, key);
    const anchor = (value as { anchor?: string } | null)?.anchor;
    const entry: { node?: Node; size: number } = { size: 0 };
    if (anchor !== undefined) this.#anchors.set(anchor, entry);
    const before = this.#converted++;
    const node = this.#convertValue(value, key, depth);
    entry.node = node;
    entry.size = this.#converted - before;
    return node;
  }

  #convertValue(value: unknown, key: Place | undefined, depth: number): Node {
    const place = this.#placeOf(value, key);
    if (depth > MAX_DEPTH) {
      this.problems.push({
        code: "INVALID_YAML",
        message: `The recipe is nested more than ${MAX_DEPTH} levels deep.`,
        hint: "a recipe needs no more than a few levels",
        place,
      });
      return { kind: "scalar", value: null, text: "", place };
    }
    if (isMap(value)) return this.#map(value.items, key ?? place, depth);
    if (isSeq(value)) {
      return {
        kind: "list",
        place: key ?? place,
        items: value.items.map((item) => this.convert(item, undefined, depth + 1)),
      };
    }
    return scalarNode(value, place);
  }

  #map(pairs: readonly unknown[], place: Place, depth: number): MapNode {
    const entries = new Map<string, MapEntry>();
    const merged: MapEntry[] = [];
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const key = this.#key(pair);
      if (key === undefined) continue;
      const keyPlace = this.#placeOf(pair.key, place);
      const node = this.convert(pair.value, keyPlace, depth + 1);
      if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        merged.push({ key: keyPlace, node });
        continue;
      }
      const first = entries.get(key);
      if (first === undefined) {
        entries.set(key, { key: keyPlace, node });
      } else {
        this.problems.push({
          code: "DUPLICATE_KEY",
          message: `Key "${key}" is written twice in one mapping.`,
          hint: `it is first written in line ${lineNumber(this.#source, first.key.start)}: keep one of them`,
          place: keyPlace,
        });
      }
    }
    for (const { key, node } of merged) this.#mergeInto(entries, key, node);
    return { kind: "map", place, entries };
  }

  /** `<<: *anchor` or `<<: [*a, *b]`: keys that are not there yet; of several mappings the first wins. */
  #mergeInto(entries: Map<string, MapEntry>, key: Place, node: Node): void {
    for (const from of node.kind === "list" ? node.items : [node]) {
      if (from.kind !== "map") {
        this.problems.push({
          code: "INVALID_YAML",
          message: "A merge key (<<) must be given a mapping or a list of mappings.",
          hint: "write `<<: *name`, where `&name` marks a mapping",
          place: key,
        });
        continue;
      }
      for (const [name, entry] of from.entries) {
        if (!entries.has(name)) entries.set(name, entry);
      }
    }
  }

  #key(pair: Pair): string | undefined {
    const place = this.#placeOf(pair.key, undefined);
    const key = isAlias(pair.key) ? this.#anchors.get(pair.key.source)?.node : undefined;
    const scalar = key ?? (isScalar(pair.key) ? scalarNode(pair.key, place) : undefined);
    if (scalar?.kind !== "scalar") {
      this.problems.push({ ...describeComplexKey(lineAt(this.#source, place.start)), place });
      return undefined;
    }
    if (scalar.text === "__proto__") {
      this.problems.push({
        code: "INVALID_YAML",
        message: 'A key can\'t be named "__proto__".',
        hint: "choose another name",
        place,
      });
      return undefined;
    }
    return scalar.text;
  }

  #alias(alias: Alias, key: Place | undefined): Node {
    const place = this.#placeOf(alias, key);
    const anchor = this.#anchors.get(alias.source);
    let message: string | undefined;
    if (anchor === undefined) message = `There is no anchor "&${alias.source}" above this alias.`;
    else if (anchor.node === undefined) message = `Alias "*${alias.source}" stands inside its own anchor.`;
    else {
      this.#aliased += anchor.size;
      this.#converted += anchor.size;
      if (this.#aliased <= MAX_ALIASED_NODES) return anchor.node;
      message = `Aliases multiply the recipe to more than ${
        MAX_ALIASED_NODES.toLocaleString("en-US")
      } values.`;
    }
    if (this.#aliased <= MAX_ALIASED_NODES || !this.problems.some((p) => p.message === message)) {
      this.problems.push({
        code: "INVALID_YAML",
        message,
        hint: "check the anchors (&name) and aliases (*name)",
        place,
      });
    }
    return { kind: "scalar", value: null, text: "", place };
  }

  #placeOf(value: unknown, fallback: Place | undefined): Place {
    const range = (value as { range?: readonly number[] | null } | null)?.range;
    if (!range || (range[0] === range[1] && fallback !== undefined)) {
      return fallback ?? at(this.#source, 0);
    }
    return { source: this.#source, start: range[0]!, end: range[1]! };
  }
}

function scalarNode(value: unknown, place: Place): Node {
  const scalar = isScalar(value) ? value : undefined;
  const inner = scalar?.value ?? null;
  const source = typeof scalar?.source === "string" ? scalar.source : String(inner ?? "");
  switch (typeof inner) {
    case "string":
      return { kind: "scalar", value: inner, text: inner, place };
    case "boolean":
      return { kind: "scalar", value: inner, text: source, place };
    case "number":
      // JSON has no infinity and no NaN: they stay text, which the checks then refuse where a number is due.
      return { kind: "scalar", value: Number.isFinite(inner) ? inner : source, text: source, place };
    default:
      return inner === null
        ? { kind: "scalar", value: null, text: source, place }
        : { kind: "scalar", value: source, text: source, place };
  }
}

function isEmptyScalar(value: unknown): boolean {
  return isScalar(value) && value.value === null;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}

function at(source: SourceFile, offset: number): Place {
  return { source, start: offset, end: offset };
}

function lineNumber(source: SourceFile, offset: number): number {
  return source.lineStarts.findLastIndex((start) => start <= offset) + 1;
}

function lineAt(source: SourceFile, offset: number): string {
  const line = lineNumber(source, offset) - 1;
  return source.text.slice(source.lineStarts[line], source.lineStarts[line + 1] ?? source.text.length);
}
