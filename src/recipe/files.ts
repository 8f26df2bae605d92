/** Reads a recipe and, through `extends`, its parents: each file once, parents before children. */
import { meantBy } from "./other_words.ts";
import type { ParsedFile } from "./document.ts";
import { encodingProblem, parseFile } from "./document.ts";
import type { MapNode, Node, Place } from "./node.ts";
import { normalizePath, resolvePath } from "./paths.ts";
import type { Problem, Problems } from "./problems.ts";

const MAX_LEVELS = 50;

/** A file that takes part in the merge. */
export interface RecipeFile {
  readonly path: string;
  readonly root: MapNode;
}

interface PathEntry {
  readonly path: string;
  readonly place: Place;
}

/** Reads `file` (or takes `text` for it) and all its parents. What can't be read is in `problems`. */
export async function readRecipeFiles(
  file: string,
  options: { readFile(path: string): Promise<string>; text?: string; problems: Problems },
): Promise<RecipeFile[]> {
  const reader = new Reader(options);
  await reader.read(file, undefined, []);
  return reader.ordered;
}

class Reader {
  readonly ordered: RecipeFile[] = [];
  readonly #readFile: (path: string) => Promise<string>;
  readonly #problems: Problems;
  readonly #done = new Set<string>();
  #text: string | undefined;

  constructor(options: { readFile(path: string): Promise<string>; text?: string; problems: Problems }) {
    this.#readFile = (path) => options.readFile(path);
    this.#text = options.text;
    this.#problems = options.problems;
  }

  /** `from` is the place of the `extends` entry that leads here; `chain` the files above, the named recipe first. */
  async read(path: string, from: Place | undefined, chain: readonly string[]): Promise<void> {
    const id = normalizePath(path.replaceAll("\\", "/"));
    const cycle = chain.findIndex((above) => normalizePath(above.replaceAll("\\", "/")) === id);
    if (cycle >= 0) {
      const names = [...chain.slice(cycle), path];
      this.#problems.add({
        code: "EXTENDS_CYCLE",
        message: `The recipes extend each other in a circle: ${names.join(" → ")}.`,
        hint: "remove one of these `extends`",
        context: { chain: names },
        place: from,
      });
      return;
    }
    if (this.#done.has(id)) return;
    this.#done.add(id);
    if (chain.length >= MAX_LEVELS) {
      this.#problems.add({
        code: "EXTENDS_TOO_DEEP",
        message: `The recipe has more than ${MAX_LEVELS} levels of parents.`,
        hint: "extend fewer levels",
        place: from,
      });
      return;
    }
    const parsed = await this.#parse(path, from);
    if (parsed === undefined) return;
    this.#problems.addAll(parsed.problems);
    if (parsed.root === undefined) return;
    for (const parent of this.#parents(parsed.root)) {
      await this.read(resolvePath(path, parent.path), parent.place, [...chain, path]);
    }
    this.ordered.push({ path, root: parsed.root });
  }

  async #parse(path: string, from: Place | undefined): Promise<ParsedFile | undefined> {
    const given = this.#text;
    this.#text = undefined;
    if (given !== undefined) return parseFile(path, given);
    let text: string;
    try {
      text = await this.#readFile(path);
    } catch (error) {
      this.#problems.add(readProblem(path, error, from));
      return undefined;
    }
    return parseFile(path, text);
  }

  #parents(root: MapNode): PathEntry[] {
    const node = root.entries.get("extends")?.node;
    return node === undefined ? [] : pathEntries(node, "extends", this.#problems);
  }
}

/** The texts of a key that takes one text or a list of texts, without templates: `extends`, `delete`. */
export function pathEntries(node: Node, key: string, problems: Problems): PathEntry[] {
  const entries: PathEntry[] = [];
  for (const item of node.kind === "list" ? node.items : [node]) {
    const wrong = (message: string, hint: string) =>
      problems.add({ code: "INVALID_VALUE", message, hint, place: item.place, context: { key } });
    if (item.kind !== "scalar" || typeof item.value !== "string" || item.value.trim() === "") {
      wrong(`"${key}" must be a text or a list of texts.`, EXAMPLES[key] ?? "write it as text");
    } else if (/\{[{%]/.test(item.value)) {
      wrong(`"${key}" can't hold a template: it is applied before templates are rendered.`, "write it out");
    } else {
      entries.push({ path: item.value, place: item.place });
    }
  }
  return entries;
}

const EXAMPLES: Record<string, string> = {
  extends: "for example: extends: base.yaml",
  delete: "for example: delete: [source.incremental]",
};

function readProblem(path: string, error: unknown, from: Place | undefined): Problem {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  const isParent = from !== undefined;
  if (name === "NotFound" || code === "ENOENT") {
    return {
      code: isParent ? "MISSING_PARENT" : "RECIPE_NOT_FOUND",
      message: isParent
        ? `The recipe extends "${path}", which does not exist.`
        : `There is no recipe "${path}".`,
      hint: isParent
        ? "a path in `extends` is relative to the folder of the recipe that writes it"
        : "check the path; `dataloader init` writes a first recipe",
      context: { path },
      place: from,
    };
  }
  if (name === "InvalidData" || name === "TypeError") {
    return { ...encodingProblem(from), message: `The file "${path}" is not UTF-8 text.`, context: { path } };
  }
  const reason = UNREADABLE[name ?? ""] ?? UNREADABLE[code ?? ""] ??
    String(message ?? "it could not be read");
  return {
    code: "RECIPE_UNREADABLE",
    message: `The recipe "${path}" can't be read: ${reason.replace(/\.$/, "")}.`,
    hint: reason === IS_DIRECTORY
      ? "name a file in it: one recipe is run at a time (`validate` and `test` take directories)"
      : "check the path and its permissions",
    context: { path },
    place: from,
  };
}

const IS_DIRECTORY = "it is a directory";

const UNREADABLE: Record<string, string> = {
  IsADirectory: IS_DIRECTORY,
  EISDIR: IS_DIRECTORY,
  PermissionDenied: "permission is denied",
  EACCES: "permission is denied",
  NotCapable: "this process may not read it",
};

/** The known name nearest to a wrong one, as a hint. */
export function didYouMean(word: string, known: readonly string[], what: string): string {
  const near = meantBy(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? `there are no ${what}` : `${what} are: ${known.join(", ")}`;
}
