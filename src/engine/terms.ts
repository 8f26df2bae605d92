/** What a run asks of the two ends of a resource, and gives them to work with. */
import type { EventSink } from "../observe/mod.ts";
import type { Plan, ResourcePlan } from "../plan/mod.ts";
import type { SchemaRegistry } from "../schema/mod.ts";
import type { Load, LoadRequest, OpenContext, ReadRequest, Session } from "../sdk/mod.ts";
import type { Redactor } from "../secrets/mod.ts";
import { eventLogger, type RunOptions } from "./io.ts";
import type { StateKeeper } from "./state_keeper.ts";

/** What a resource run works with. */
export interface ResourceIO {
  readonly plan: Plan;
  readonly session: Session;
  readonly keeper: StateKeeper;
  readonly registry?: SchemaRegistry;
  readonly emit: EventSink;
  readonly signal: AbortSignal;
  readonly options: RunOptions;
  readonly redactor: Redactor;
  readonly newRunId: string;
  readonly startedAt: string;
}

/** The terms on which a resource is run: the same for all of its batches. */
export class Terms {
  readonly #resource: ResourcePlan;
  readonly #io: ResourceIO;

  constructor(resource: ResourcePlan, io: ResourceIO) {
    this.#resource = resource;
    this.#io = io;
  }

  /** All rows are replaced: batches are staged until the end. */
  get replaces(): boolean {
    return this.#resource.destination.mode === "overwrite" || this.#io.options.fullRefresh === true;
  }

  /** A limited run is another plan: what it has staged is no part of a whole run. */
  get planId(): string {
    const { limit } = this.#io.options;
    return limit === undefined ? this.#resource.fingerprint : `${this.#resource.fingerprint}+limit`;
  }

  /** What is read; paths from the recipe's folder on. */
  get sourceName(): string {
    const folder = this.#io.plan.file.replace(/[^/\\]*$/, "");
    const { summary } = this.#resource.source;
    return folder === "" ? summary : summary.replaceAll(folder, "");
  }

  loadRequest(): LoadRequest {
    const { mode, mergeKeys, strategy } = this.#resource.destination;
    return {
      mode,
      mergeKeys,
      strategy,
      fullRefresh: this.#io.options.fullRefresh ?? false,
      startedAt: this.#io.startedAt,
      quarantineTable: this.#resource.validation?.quarantine?.table,
      orderBy: this.#resource.source.incremental?.cursorColumn,
    };
  }

  readRequest(runId: string, load: Load | undefined): ReadRequest {
    const { runtime } = this.#io.plan;
    return {
      incremental: this.#resource.source.incremental,
      runId,
      writeMode: this.#resource.destination.mode,
      batchSize: runtime.batchSize,
      parallelism: runtime.parallelism,
      startedAt: this.#io.startedAt,
      lookup: load?.lookup === undefined ? undefined : (column, value) => load.lookup!(column, value),
    };
  }

  context(): OpenContext {
    return {
      session: this.#io.session,
      log: this.log(),
      signal: this.#io.signal,
      recipe: this.#io.plan.recipe,
      resource: this.#resource.name,
    };
  }

  stepContext() {
    const { plan, signal } = this.#io;
    return { recipe: plan.recipe, resource: this.#resource.name, vars: plan.vars, log: this.log(), signal };
  }

  log() {
    return eventLogger(this.#io.emit, this.#resource.name);
  }
}
