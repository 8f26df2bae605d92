/** The tree of a recipe: every node knows the file, line and column it was written at, also after merging. */
import type { Json, SourceLocation } from "../sdk/mod.ts";

/** A recipe file as it was read. */
export interface SourceFile {
  /** As it was opened: relative to the working directory, or absolute. */
  readonly path: string;
  readonly text: string;
  /** Offset of the first character of each line, ascending. */
  readonly lineStarts: readonly number[];
}

/** A range of a file's text: offsets in UTF-16 units, `end` exclusive. */
export interface Place {
  readonly source: SourceFile;
  readonly start: number;
  readonly end: number;
}

export interface MapEntry {
  /** Where the key is. */
  readonly key: Place;
  readonly node: Node;
}

export interface MapNode {
  readonly kind: "map";
  readonly place: Place;
  readonly entries: ReadonlyMap<string, MapEntry>;
  /** Set by a merge in which the child changed `type`. */
  readonly replacedType?: ReplacedType;
}

/** What a merge remembers where the child changed `type`: the parents' type, and their keys that are left over. */
export interface ReplacedType {
  readonly type: string;
  readonly place: Place;
  readonly keys: ReadonlySet<MapEntry>;
}

export interface ListNode {
  readonly kind: "list";
  readonly place: Place;
  readonly items: readonly Node[];
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** The characters of a number or boolean as written (`007`, `1.10`); a string's value. */
  readonly text: string;
}

/** A scalar that held a template, after rendering. */
export interface RenderedNode {
  readonly kind: "rendered";
  readonly place: Place;
  /** What was written. */
  readonly template: string;
  readonly text: string;
  /** The value with its own type where the scalar is one whole `{{ … }}`; else the text. */
  readonly native: Json;
  /** True where a secret went into it: never shown. */
  readonly secret: boolean;
  /** True where the value can't be known: a variable is missing. */
  readonly unknown: boolean;
}

export type Node = MapNode | ListNode | ScalarNode | RenderedNode;
export type Path = readonly (string | number)[];

/** 1-based line and column of a place; `extendedBy` where it is not in the recipe that was named. */
export function toLocation(place: Place, root: string): SourceLocation {
  const { lineStarts, path } = place.source;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lineStarts[middle]! <= place.start) low = middle;
    else high = middle - 1;
  }
  const location = { file: path, line: low + 1, column: place.start - lineStarts[low]! + 1 };
  return path === root ? location : { ...location, extendedBy: root };
}

/** The child of a node by key or index. */
export function childOf(node: Node, key: string | number): Node | undefined {
  if (node.kind === "map") return node.entries.get(String(key))?.node;
  if (node.kind === "list") return node.items[Number(key)];
  return undefined;
}

/** The node at a path, or undefined. */
export function nodeAt(root: Node, path: Path): Node | undefined {
  let node: Node | undefined = root;
  for (const key of path) node = node && childOf(node, key);
  return node;
}

/** The node at a path, or its nearest ancestor that is there. */
export function nearestNode(root: Node, path: Path): Node {
  let node = root;
  for (const key of path) {
    const child = childOf(node, key);
    if (child === undefined) break;
    node = child;
  }
  return node;
}

/** A mapping of some of the entries of another. */
export function pickEntries(map: MapNode, keep: (key: string) => boolean): MapNode {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => keep(key))) };
}

/** The text of a scalar; undefined for mappings, lists and `null`. */
export function textOf(node: Node | undefined): string | undefined {
  if (node?.kind === "rendered") return node.text;
  return node?.kind === "scalar" && node.value !== null ? node.text : undefined;
}

/** Writes a path as users do: `resources[0].source.type`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`,
    "",
  );
}
