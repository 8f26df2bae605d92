/** Checks `resources`: each with blocks of its own, the recipe's `source` and `destination` as defaults. */
import type { Json, JsonObject } from "../sdk/mod.ts";
import type { BlockChecker, CheckedBlock } from "./blocks.ts";
import type { Checker } from "./check.ts";
import { viewOf } from "./check.ts";
import { didYouMean } from "./files.ts";
import { unknownKey } from "./issues.ts";
import { mergeMaps } from "./merge.ts";
import { toList } from "./model/common.ts";
import type { BlockName } from "./model/root.ts";
import { blockSchema, once } from "./model/root.ts";
import { resourceKeys } from "./model/steps.ts";
import type { ListNode, MapNode, Node, Path } from "./node.ts";
import { formatPath, pickEntries, textOf } from "./node.ts";
import type { DestinationBlock, ResourceBlock, SourceBlock } from "./types.ts";

/** Blocks that a resource may have beside `source` and `destination`, each as in the recipe. */
const OWN_BLOCKS: readonly BlockName[] = ["schema", "normalization", "validation", "runtime"];

export class ResourceChecker {
  readonly #checker: Checker;
  readonly #blocks: BlockChecker;
  readonly #defaults: { source?: Node; destination?: Node };

  constructor(checker: Checker, blocks: BlockChecker, options: { source?: Node; destination?: Node }) {
    this.#checker = checker;
    this.#blocks = blocks;
    this.#defaults = options;
  }

  /** Checks the list, that names are unique, and that `depends_on` leads nowhere unknown and in no circle. */
  check(node: Node): CheckedBlock<ResourceBlock[]> {
    if (node.kind !== "list" || node.items.length === 0) {
      this.#wrong(node, "resources", "resources must be a list with at least one resource.");
      return { plain: this.#checker.take(node) };
    }
    const checked = node.items.map((item, i) => this.#resource(item, ["resources", i]));
    this.#checkNames(node);
    this.#checkDependencies(node);
    return { block: checked.flatMap(({ block }) => block ?? []), plain: checked.map(({ plain }) => plain) };
  }

  #resource(node: Node, path: (string | number)[]): CheckedBlock<ResourceBlock> {
    if (node.kind !== "map") {
      this.#wrong(node, formatPath(path), `"${formatPath(path)}" must be a mapping with a name.`);
      return { plain: this.#checker.take(node) };
    }
    const schema = once("resource", resourceKeys);
    const names = viewOf(schema).keys;
    const own = this.#checker.check(pickEntries(node, (key) => names.includes(key)), schema, { path });
    const from = this.#withDefault(node, "source", path);
    const source: CheckedBlock<SourceBlock> = from === undefined
      ? { plain: null }
      : this.#blocks.source(from, [...path, "source"]);
    const to = this.#withDefault(node, "destination", path);
    const destination: CheckedBlock<DestinationBlock> = to === undefined
      ? { plain: null }
      : this.#blocks.destination(to, [...path, "destination"]);
    const transform = node.entries.get("transform")?.node;
    const steps = transform && this.#blocks.steps(transform, [...path, "transform"]);
    const plain: Record<string, Json> = {
      ...own.plain as JsonObject,
      source: source.plain,
      destination: destination.plain,
      ...(steps === undefined ? {} : { transform: steps.plain }),
    };
    for (const key of OWN_BLOCKS) {
      const block = node.entries.get(key)?.node;
      if (block !== undefined) {
        plain[key] = this.#checker.check(block, blockSchema(key), { path: [...path, key] }).plain;
      }
    }
    const known = [...names, "source", "destination", "transform", ...OWN_BLOCKS];
    for (const key of node.entries.keys()) {
      if (known.includes(key)) continue;
      this.#checker.problems.add(unknownKey(key, { known, at: path, map: node, context: { node, path } }));
    }
    if (own.value === undefined || source.block === undefined || destination.block === undefined) {
      return { plain };
    }
    const block: ResourceBlock = {
      name: own.value.name,
      dependsOn: toList(own.value.depends_on),
      source: source.block,
      destination: destination.block,
      steps: steps?.block ?? [],
      path,
    };
    return { block, plain };
  }

  /** The resource's block over the recipe's, where both are for one connector. */
  #withDefault(resource: MapNode, key: "source" | "destination", path: Path): Node | undefined {
    const own = resource.entries.get(key)?.node;
    const shared = this.#defaults[key];
    if (own === undefined) {
      if (shared === undefined) this.#missing(resource, key, path);
      return shared;
    }
    if (own.kind !== "map" || shared?.kind !== "map") return own;
    const type = textOf(own.entries.get("type")?.node);
    const sharedType = textOf(shared.entries.get("type")?.node);
    return type === undefined || type === sharedType ? mergeMaps(shared, own, [...path, key]) : own;
  }

  #missing(resource: MapNode, key: string, path: Path): void {
    this.#checker.problems.add({
      code: "MISSING_KEY",
      message: `"${formatPath(path)}" needs the key "${key}".`,
      hint: `add it here, or a "${key}" for all resources at the top level`,
      context: { key, in: formatPath(path) },
      place: resource.place,
    });
  }

  #checkNames(list: ListNode): void {
    const seen = new Map<string, number>();
    list.items.forEach((item, i) => {
      const node = item.kind === "map" ? item.entries.get("name")?.node : undefined;
      const name = textOf(node);
      if (name === undefined) return;
      const first = seen.get(name);
      if (first === undefined) seen.set(name, i);
      else {
        this.#checker.problems.add({
          code: "DUPLICATE_NAME",
          message: `Two resources are named "${name}".`,
          hint: "each resource keeps its own state under its name: rename one",
          context: { name, resources: [first, i] },
          place: node!.place,
        });
      }
    });
  }

  #checkDependencies(list: ListNode): void {
    const needs = new Map<string, { node: Node; on: string[] }>();
    for (const item of list.items) {
      if (item.kind !== "map") continue;
      const name = textOf(item.entries.get("name")?.node);
      const node = item.entries.get("depends_on")?.node;
      const on = node?.kind === "list"
        ? node.items.flatMap((each) => textOf(each) ?? [])
        : textOf(node) ?? [];
      if (name !== undefined) needs.set(name, { node: node ?? item, on: toList(on) });
    }
    const names = [...needs.keys()];
    for (const { node, on } of needs.values()) {
      for (const name of on) {
        if (needs.has(name)) continue;
        this.#checker.problems.add({
          code: "UNKNOWN_RESOURCE",
          message: `There is no resource "${name}" to depend on.`,
          hint: didYouMean(name, names, "resources"),
          context: { name },
          place: node.place,
        });
      }
    }
    const circle = findCircle(new Map([...needs].map(([name, { on }]) => [name, on])));
    if (circle === undefined) return;
    this.#checker.problems.add({
      code: "DEPENDENCY_CYCLE",
      message: `Resources depend on each other in a circle: ${circle.join(" → ")}.`,
      hint: "remove one of these `depends_on`",
      context: { chain: circle },
      place: needs.get(circle[0]!)!.node.place,
    });
  }

  #wrong(node: Node, key: string, message: string): void {
    if (node.kind === "rendered" && node.unknown) return;
    this.#checker.problems.add({
      code: "INVALID_VALUE",
      message,
      hint: "for example: resources: [{name: orders, source: {…}, destination: {…}}]",
      context: { key },
      place: node.place,
    });
  }
}

/** The first circle in a graph, its first name repeated at the end; undefined where there is none. */
function findCircle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, chain: readonly string[]): string[] | undefined => {
    if (chain.includes(name)) return [...chain.slice(chain.indexOf(name)), name];
    if (done.has(name)) return undefined;
    done.add(name);
    for (const next of edges.get(name) ?? []) {
      const circle = visit(next, [...chain, name]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  for (const name of edges.keys()) {
    const circle = visit(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
