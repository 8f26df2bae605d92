/** Trying again: after errors that may pass, and with more memory where the default was too little. */
import type { ResourcePlan } from "../plan/mod.ts";
import type { DataLoaderError } from "../sdk/mod.ts";
import { asError } from "./failure.ts";
import { eventLogger, raisedMemoryLimits } from "./io.ts";
import { backoffDelay, delay } from "./retry.ts";
import type { ResourceIO } from "./terms.ts";

export interface RetriesOf {
  readonly resource: ResourcePlan;
  readonly io: ResourceIO;
  /** The number of the last commit. */
  readonly sequence: () => number;
}

/** The retries of one resource. */
export class Retries {
  readonly #of: RetriesOf;
  /** How often the default limit on memory has been raised. */
  #raised = 0;

  constructor(of: RetriesOf) {
    this.#of = of;
  }

  /** Runs `body`; when it fails with an error that a retry can help, waits and runs it again. */
  async run(body: () => Promise<void>): Promise<void> {
    const { retries } = this.#of.io.plan.runtime;
    for (let attempt = 1;; attempt++) {
      const sequence = this.#of.sequence();
      try {
        return await body();
      } catch (cause) {
        const error = asError(cause, this.#of.io.signal);
        // A commit in between is progress: the next failure is a first one again.
        if (this.#of.sequence() > sequence) attempt = 1;
        if (await this.#giveMoreMemory(error)) continue;
        if (!error.retryable || this.#of.io.signal.aborted || attempt >= retries.maxAttempts) throw error;
        const ms = backoffDelay(attempt, retries);
        this.#of.io.emit({
          type: "retry",
          time: Date.now(),
          resource: this.#of.resource.name,
          attempt,
          delayMs: ms,
          error: error.toJSON(),
        });
        await delay(ms, this.#of.io.signal);
      }
    }
  }

  /**
   * Raises the engine's default limit on memory for a load that does not fit into it (thousands of columns, huge
   * values). A limit that the recipe sets stays. Returns whether to try again.
   */
  async #giveMoreMemory(error: DataLoaderError): Promise<boolean> {
    const limited = this.#of.io.plan.runtime.memoryLimit !== undefined;
    const limit = raisedMemoryLimits(this.#of.resource)[this.#raised];
    if (error.code !== "OUT_OF_MEMORY" || limited || limit === undefined || this.#of.io.signal.aborted) {
      return false;
    }
    this.#raised++;
    await this.#of.io.session.run(`SET memory_limit = '${limit}'`);
    eventLogger(this.#of.io.emit, this.#of.resource.name).log(
      "info",
      `The load needs more memory than the default; it goes on with ${limit}.`,
    );
    return true;
  }
}
