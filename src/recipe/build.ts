/** Builds a `Recipe` from the rendered tree: every block checked, everything that is wrong reported at once. */
import type { Json, JsonObject } from "../sdk/mod.ts";
import { findTransform } from "../sdk/mod.ts";
import { BlockChecker } from "./blocks.ts";
import { Checker, viewOf } from "./check.ts";
import { exampleOf } from "./expectation.ts";
import { unknownKey } from "./issues.ts";
import { destinationKeys, sourceKeys } from "./model/endpoints.ts";
import type { BlockName } from "./model/root.ts";
import { blockSchema, once, ROOT_KEYS } from "./model/root.ts";
import { toRuntime, toState } from "./model/runtime.ts";
import { isLaterStep } from "./model/steps.ts";
import type { MapNode, Node, Path } from "./node.ts";
import { nearestNode, nodeAt, toLocation } from "./node.ts";
import type { Problems } from "./problems.ts";
import type { RenderedRecipe } from "./render.ts";
import { ResourceChecker } from "./resources.ts";
import type {
  DestinationBlock,
  LaterBlock,
  LaterKey,
  Recipe,
  ResourceBlock,
  SourceBlock,
  StepBlock,
} from "./types.ts";

/** Blocks without an engine, listed in `later` when they ask for something. */
const LATER_BLOCKS: readonly LaterKey[] = [
  "normalization",
  "resources",
  "schedule",
  "alerts",
];

export interface BuildOptions {
  readonly rendered: RenderedRecipe;
  readonly files: readonly string[];
  readonly problems: Problems;
}

/** @throws {RecipeError} {RecipeErrors} with all that is wrong. */
export function buildRecipe(options: BuildOptions): Recipe {
  return new Builder(options).build();
}

class Builder {
  readonly #root: MapNode;
  readonly #rendered: RenderedRecipe;
  readonly #files: readonly string[];
  readonly #problems: Problems;
  readonly #checker: Checker;
  readonly #blocks: BlockChecker;
  readonly #document: Record<string, Json> = {};

  constructor({ rendered, files, problems }: BuildOptions) {
    this.#rendered = rendered;
    this.#root = rendered.root;
    this.#files = files;
    this.#problems = problems;
    this.#checker = new Checker(problems, { secrets: rendered.scope.secrets, elsewhere });
    this.#blocks = new BlockChecker(this.#checker, { open: this.#root.entries.has("plugins") });
  }

  build(): Recipe {
    const suggested = this.#unknownKeys();
    const name = this.#simple("name");
    const description = this.#simple("description");
    const plugins = this.#simple("plugins");
    this.#simple("vars");
    this.#simple("macros");
    const runtime = this.#simple("runtime");
    const state = this.#simple("state");
    const resources = this.#resources();
    const { source, destination } = resources === undefined ? this.#endpoints() : {};
    const steps = this.#steps();
    const schema = this.#simple("schema");
    for (const key of ["normalization", "schedule", "alerts"] as const) {
      this.#simple(key);
    }
    const validation = this.#simple("validation");
    const tests = this.#simple("tests");
    const required = resources === undefined ? ["name", "source", "destination"] : ["name"];
    this.#requireKeys(required.filter((key) => !suggested.has(key)));
    this.#problems.throwIfAny(this.#rendered.scope.secrets);

    const { scope, vars, macros, usedVars, unusedVars } = this.#rendered;
    const root = this.#problems.root;
    if (Object.keys(vars).length > 0) this.#document.vars = vars;
    return {
      name: name!,
      description,
      file: root,
      files: this.#files,
      source,
      destination,
      steps,
      resources: resources ?? [],
      runtime: toRuntime(runtime ?? blockSchema("runtime").parse({})),
      state: toState(state ?? blockSchema("state").parse({})),
      schema,
      vars,
      usedVars,
      unusedVars,
      macros,
      plugins: plugins ?? [],
      later: this.#later(steps, resources ?? []),
      validation: validation?.enabled === false ? undefined : validation,
      tests: tests ?? [],
      document: Object.fromEntries(
        ROOT_KEYS.flatMap((key): [string, Json][] =>
          key in this.#document ? [[key, this.#document[key]!]] : []
        ),
      ),
      secrets: scope.secrets,
      requiredEnv: [...scope.requiredEnv].sort(),
      optionalEnv: [...scope.optionalEnv].filter((each) => !scope.requiredEnv.has(each)).sort(),
      missingEnv: [...scope.missingEnv].sort(),
      locate: (path) => toLocation(nearestNode(this.#root, path).place, root),
    };
  }

  /** Reports keys that are not known; gives the keys that were meant. */
  #unknownKeys(): Set<unknown> {
    const meant = new Set<unknown>();
    const context = { node: this.#root, path: [], elsewhere };
    for (const key of this.#root.entries.keys()) {
      if (ROOT_KEYS.includes(key)) continue;
      const problem = unknownKey(key, { known: ROOT_KEYS, at: [], map: this.#root, context });
      this.#problems.add(problem);
      meant.add(problem.context?.suggestion);
    }
    return meant;
  }

  /** Checks a block that one schema describes. */
  #simple<K extends BlockName>(key: K) {
    const node = this.#node(key);
    if (node === undefined) return undefined;
    const checked = this.#checker.check(node, blockSchema(key), { path: [key] });
    this.#document[key] = checked.plain;
    // Where a missing variable hides the value, what is known of it must do.
    return checked.value ??
      (this.#problems.any ? undefined : checked.plain as unknown as typeof checked.value);
  }

  #endpoints(): { source?: SourceBlock; destination?: DestinationBlock } {
    const [source, destination] = [this.#node("source"), this.#node("destination")];
    const from = source && this.#blocks.source(source, ["source"]);
    const to = destination && this.#blocks.destination(destination, ["destination"]);
    if (from !== undefined) this.#document.source = from.plain;
    if (to !== undefined) this.#document.destination = to.plain;
    return { source: from?.block, destination: to?.block };
  }

  #steps(): readonly StepBlock[] {
    const node = this.#node("transform");
    if (node === undefined) return [];
    const { block, plain } = this.#blocks.steps(node, ["transform"]);
    this.#document.transform = plain;
    return block ?? [];
  }

  #resources(): ResourceBlock[] | undefined {
    const node = this.#node("resources");
    if (node === undefined) return undefined;
    const defaults = { source: this.#node("source"), destination: this.#node("destination") };
    const { block, plain } = new ResourceChecker(this.#checker, this.#blocks, defaults).check(node);
    this.#document.resources = plain;
    return block ?? [];
  }

  #requireKeys(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#node(key) !== undefined) continue;
      const example = key === "name" ? exampleOf(key, undefined) : `${key}: {type: duckdb, …}`;
      this.#problems.add({
        code: "MISSING_KEY",
        message: `The recipe needs the key "${key}".`,
        hint: `add it, for example: ${example}`,
        context: { key, in: "" },
        place: this.#root.place,
      });
    }
  }

  #later(steps: readonly StepBlock[], resources: readonly ResourceBlock[]): LaterBlock[] {
    const later: LaterBlock[] = [];
    const add = (key: LaterKey, path: Path) => {
      const node = nearestNode(this.#root, path);
      later.push({ key, location: toLocation(node.place, this.#problems.root) });
    };
    for (const key of LATER_BLOCKS) {
      if (asksForSomething(this.#document[key])) add(key, [key]);
    }
    const backend = (this.#document.state as JsonObject | undefined)?.backend;
    if (backend !== undefined && backend !== "local") add("state", ["state", "backend"]);
    for (const { type, path } of [...steps, ...resources.flatMap((resource) => resource.steps)]) {
      if (isLaterStep(type) && findTransform(type) === undefined) add(type, path);
    }
    return later;
  }

  #node(key: string): Node | undefined {
    return nodeAt(this.#root, [key]);
  }
}

/** Whether a block is there and not switched off. */
function asksForSomething(block: Json | undefined): boolean {
  if (block === undefined || block === null) return false;
  if (Array.isArray(block)) return block.length > 0;
  return typeof block !== "object" || (block.enabled !== false && Object.keys(block).length > 0);
}

/** The block that a key belongs to, for hints on keys that are in the wrong place. */
function elsewhere(key: string): string | undefined {
  const blocks: [string, readonly string[]][] = [
    ["source", viewOf(once("source", sourceKeys)).keys],
    ["source.incremental", viewOf(once("source", sourceKeys)).child("incremental")!.keys],
    ["destination", viewOf(once("destination", destinationKeys)).keys],
    ["transform", ["steps"]],
    ...(["runtime", "state", "validation"] as const).map((name): [string, readonly string[]] => [
      name,
      viewOf(blockSchema(name)).keys,
    ]),
  ];
  // `type` is a key of too many blocks to say which was meant.
  const found = blocks.filter(([, keys]) => keys.includes(key));
  return found.length === 1 ? found[0]![0] : ROOT_KEYS.includes(key) ? "the top level" : undefined;
}
