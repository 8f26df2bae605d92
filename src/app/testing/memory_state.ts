/** States that are forgotten with the test they belong to. */
import type { State, StateBackend } from "../../sdk/mod.ts";

/** Keeps the states of one test. */
export class MemoryState implements StateBackend {
  readonly #states = new Map<string, State>();

  // deno-lint-ignore require-await -- the contract is asynchronous.
  async load(recipe: string): Promise<State | undefined> {
    return this.#states.get(recipe);
  }

  // deno-lint-ignore require-await -- the contract is asynchronous.
  async save(recipe: string, state: State): Promise<State> {
    const saved = { ...state, revision: state.revision + 1 };
    this.#states.set(recipe, saved);
    return saved;
  }

  describe(_recipe: string): string {
    return "memory";
  }
}
