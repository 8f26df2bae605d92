/** Merges recipes with their parents, and applies `delete`. */
import type { RecipeFile } from "./files.ts";
import { didYouMean, pathEntries } from "./files.ts";
import type { MapEntry, MapNode, Node, Path, ReplacedType } from "./node.ts";
import { formatPath, textOf } from "./node.ts";
import type { Problems } from "./problems.ts";

/** Keys that steer the merge and are not merged themselves. */
const STEERING = new Set(["extends", "delete"]);

/** Blocks in which a changed `type` leaves keys behind that the new connector does not know. */
const TYPED_BLOCKS = new Set(["source", "destination"]);

/** Merges the files in order (parents first); the `delete` of each is applied right after it is merged. */
export function mergeFiles(files: readonly RecipeFile[], problems: Problems): MapNode {
  const named = files.at(-1)!;
  let merged: MapNode = { ...named.root, entries: new Map() };
  const deleted = new Set<string>();
  for (const { root } of files) {
    const own = new Map([...root.entries].filter(([key]) => !STEERING.has(key)));
    merged = mergeMaps(merged, { ...root, entries: own }, []);
    const paths = root.entries.get("delete")?.node;
    if (paths !== undefined) merged = applyDelete(merged, paths, { deleted, problems });
  }
  return { ...merged, place: named.root.place };
}

/** Deep-merges two mappings: the child's values win, mappings are merged, `transform.steps` are joined. */
export function mergeMaps(parent: MapNode, child: MapNode, path: Path): MapNode {
  const entries = new Map<string, MapEntry>(parent.entries);
  for (const [key, entry] of child.entries) {
    const inherited = parent.entries.get(key);
    const node = inherited === undefined
      ? entry.node
      : mergeNodes(inherited.node, entry.node, [...path, key]);
    entries.set(key, { key: entry.key, node });
  }
  const replacedType = path.length === 1 && TYPED_BLOCKS.has(String(path[0]))
    ? changedType(parent, child)
    : undefined;
  return { ...child, entries, replacedType: replacedType ?? parent.replacedType };
}

function mergeNodes(parent: Node, child: Node, path: Path): Node {
  if (parent.kind === "map" && child.kind === "map") return mergeMaps(parent, child, path);
  if (parent.kind === "list" && child.kind === "list" && formatPath(path) === "transform.steps") {
    return { ...child, items: [...parent.items, ...child.items] };
  }
  return child;
}

function changedType(parent: MapNode, child: MapNode): ReplacedType | undefined {
  const before = parent.entries.get("type")?.node;
  const type = textOf(before);
  const now = textOf(child.entries.get("type")?.node);
  if (before === undefined || type === undefined || now === undefined || type === now) return undefined;
  const left = [...parent.entries].filter(([key]) => !child.entries.has(key)).map(([, entry]) => entry);
  return { type, place: before.place, keys: new Set([...left, ...(parent.replacedType?.keys ?? [])]) };
}

function applyDelete(
  root: MapNode,
  paths: Node,
  context: { deleted: Set<string>; problems: Problems },
): MapNode {
  const { deleted, problems } = context;
  const targets: Path[] = [];
  for (const { path, place } of pathEntries(paths, "delete", problems)) {
    const found = findPath(root, path.split("."));
    if (Array.isArray(found)) {
      targets.push(found);
      deleted.add(path);
    } else if (!deleted.has(path)) {
      // A path that another parent has deleted already is gone as asked.
      const { known, at, word, items } = found as Missing;
      const block = at.length === 0 ? "the recipe" : formatPath(at);
      problems.add({
        code: "DELETE_NOT_FOUND",
        message: `There is no "${path}" to delete.`,
        hint: items === undefined
          ? didYouMean(word, known, `keys of ${block}`)
          : `${block} is a list of ${items}, numbered from 0`,
        context: { path },
        place,
      });
    }
  }
  return removePaths(root, targets, []) as MapNode;
}

interface Missing {
  readonly at: Path;
  readonly word: string;
  readonly known: string[];
  /** The length of the list in which it was looked for. */
  readonly items?: number;
}

/** Finds a dotted path; a key that itself has dots is tried whole. */
function findPath(node: Node, parts: readonly string[], at: Path = []): Path | Missing {
  if (parts.length === 0) return at;
  if (node.kind === "list") {
    const index = /^\d+$/.test(parts[0]!) ? Number(parts[0]) : -1;
    const item = node.items[index];
    return item === undefined
      ? { at, word: parts[0]!, known: [], items: node.items.length }
      : findPath(item, parts.slice(1), [...at, index]);
  }
  const entries = node.kind === "map" ? node.entries : new Map<string, MapEntry>();
  for (let length = 1; length <= parts.length; length++) {
    const key = parts.slice(0, length).join(".");
    const entry = entries.get(key);
    if (entry !== undefined) return findPath(entry.node, parts.slice(length), [...at, key]);
  }
  return { at, word: parts[0]!, known: [...entries.keys()] };
}

/** Removes all targets at once, so that the indexes of a list mean what they meant when they were written. */
function removePaths(node: Node, targets: readonly Path[], at: Path): Node {
  const under = targets.filter((target) =>
    at.every((key, i) => target[i] === key) && target.length > at.length
  );
  if (under.length === 0) return node;
  const gone = new Set(
    under.filter((target) => target.length === at.length + 1).map((target) => target.at(-1)),
  );
  if (node.kind === "list") {
    const items = node.items.flatMap((item, i) => gone.has(i) ? [] : [removePaths(item, under, [...at, i])]);
    return { ...node, items };
  }
  if (node.kind !== "map") return node;
  const entries = [...node.entries].flatMap(([key, entry]): [string, MapEntry][] =>
    gone.has(key) ? [] : [[key, { key: entry.key, node: removePaths(entry.node, under, [...at, key]) }]]
  );
  return { ...node, entries: new Map(entries) };
}
