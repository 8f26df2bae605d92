import { AsyncLocalStorage } from "node:async_hooks";
import { EngineError } from "../sdk/mod.ts";

/** Stands for a transaction that is open. */
export interface Turn {
  /** The last call queued inside the transaction. */
  tail: Promise<unknown>;
  open: boolean;
}

/**
 * One call at a time. Inside `transaction` the calls that its body makes run among themselves; calls of others wait
 * until it ends. A call belongs to the body if it is made in its asynchronous context, or given its turn.
 */
export class CallQueue {
  readonly #context = new AsyncLocalStorage<Turn>();
  #tail: Promise<unknown> = Promise.resolve();

  /** The transaction the caller is in, if any. */
  current(): Turn | undefined {
    const turn = this.#context.getStore();
    return turn?.open === true ? turn : undefined;
  }

  /** Runs `call` after all that were queued before it. */
  run<T>(call: () => Promise<T>, turn: Turn | undefined = this.current()): Promise<T> {
    if (turn?.open === true) {
      const result = turn.tail.then(call);
      turn.tail = result.catch(ignore);
      return result;
    }
    const result = this.#tail.then(call);
    this.#tail = result.catch(ignore);
    return result;
  }

  /** Runs `body` while nothing of others runs. */
  exclusive<T>(body: (turn: Turn) => Promise<T>): Promise<T> {
    if (this.current() !== undefined) {
      throw new EngineError("NESTED_TRANSACTION", "A transaction can't be opened inside another.");
    }
    return this.run(async () => {
      const turn: Turn = { tail: Promise.resolve(), open: true };
      try {
        return await this.#context.run(turn, () => body(turn));
      } finally {
        turn.open = false;
        // A call that the body did not wait for.
        await turn.tail;
      }
    });
  }
}

/** The caller of the failed call has its error; the next in the queue starts all the same. */
function ignore(): void {}
