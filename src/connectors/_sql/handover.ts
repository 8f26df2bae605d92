/** Between those that read and the one that writes: what is read ahead, and no more of it than is allowed. */

/** A queue of items from several producers. The first error of any of them ends it. */
export class Handover<T> implements AsyncIterable<T> {
  readonly #most: number;
  readonly #ready: T[] = [];
  #producers: number;
  #failure: { readonly error: unknown } | undefined;
  #taken = Promise.withResolvers<void>();
  #given = Promise.withResolvers<void>();

  readonly #signal: AbortSignal | undefined;
  readonly #stop: () => void;

  /** `most` items wait at a time; producers that look at `room` keep to it. Where `signal` is aborted, that is the failure. */
  constructor(options: { most: number; producers: number; signal?: AbortSignal }) {
    this.#most = options.most;
    this.#producers = options.producers;
    this.#signal = options.signal;
    this.#stop = () => this.fail(options.signal?.reason);
    options.signal?.addEventListener("abort", this.#stop);
  }

  /** Whether somebody has failed, so that the others can stop. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  put(item: T): void {
    this.#ready.push(item);
    this.#wakeReader();
  }

  /** Undefined where there is room; else a promise for the next time something is taken or the queue ends. */
  room(): Promise<void> | undefined {
    return this.#ready.length < this.#most || this.failed ? undefined : this.#taken.promise;
  }

  /** One producer has no more. */
  end(): void {
    this.#producers--;
    this.#wakeReader();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeReader();
    this.#wakeWriters();
  }

  /** The items, in the order they were put. An error comes before items that still wait. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure.error;
        const item = this.#ready.shift();
        if (item !== undefined) {
          this.#wakeWriters();
          yield item;
        } else if (this.#producers <= 0) return;
        else await this.#given.promise;
      }
    } finally {
      this.#signal?.removeEventListener("abort", this.#stop);
    }
  }

  #wakeReader(): void {
    this.#given.resolve();
    this.#given = Promise.withResolvers();
  }

  #wakeWriters(): void {
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
  }
}
