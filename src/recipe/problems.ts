/** Collects everything that is wrong with a recipe, so that one pass reports it all. */
import type { Json } from "../sdk/mod.ts";
import { RecipeError, RecipeErrors } from "../sdk/mod.ts";
import type { Place } from "./node.ts";
import { toLocation } from "./node.ts";
import { maskSecrets } from "./secrets.ts";

export interface Problem {
  readonly code: string;
  /** A sentence, with its full stop. */
  readonly message: string;
  readonly hint?: string;
  readonly context?: Record<string, Json>;
  readonly place?: Place;
}

export class Problems {
  /** The recipe that the user named. */
  readonly root: string;
  readonly #problems: Problem[] = [];

  constructor(root: string) {
    this.root = root;
  }

  get any(): boolean {
    return this.#problems.length > 0;
  }

  add(problem: Problem): void {
    this.#problems.push(problem);
  }

  addAll(problems: readonly Problem[]): void {
    this.#problems.push(...problems);
  }

  /**
   * Throws what was found, if anything, sorted by place: the named recipe first, then its parents. Secrets are masked.
   * @throws {RecipeError} for one problem, {RecipeErrors} for several.
   */
  throwIfAny(secrets: ReadonlySet<string> = new Set()): void {
    if (this.#problems.length === 0) return;
    const errors = this.#problems.map((problem) => this.#toError(problem, secrets));
    const unique = new Map(errors.map((error) => [identity(error), error]));
    const sorted = [...unique.values()].sort((a, b) => this.#compare(a, b));
    throw sorted.length === 1 ? sorted[0]! : new RecipeErrors(sorted);
  }

  #toError(problem: Problem, secrets: ReadonlySet<string>): RecipeError {
    const mask = (text: string) => maskSecrets(text, secrets);
    const context = problem.context && JSON.parse(
      JSON.stringify(problem.context, (_key, value) => typeof value === "string" ? mask(value) : value),
    ) as Record<string, Json>;
    return new RecipeError(problem.code, mask(problem.message), {
      hint: problem.hint === undefined ? undefined : mask(problem.hint),
      context,
      location: problem.place === undefined ? undefined : toLocation(problem.place, this.root),
    });
  }

  #compare(a: RecipeError, b: RecipeError): number {
    const [x, y] = [a.location, b.location];
    if (x === undefined || y === undefined) return Number(x !== undefined) - Number(y !== undefined);
    if (x.file !== y.file) {
      return Number(y.file === this.root) - Number(x.file === this.root) || (x.file < y.file ? -1 : 1);
    }
    return x.line - y.line || x.column - y.column;
  }
}

function identity(error: RecipeError): string {
  const { file, line, column } = error.location ?? { file: "", line: 0, column: 0 };
  return JSON.stringify([error.code, error.message, file, line, column]);
}
