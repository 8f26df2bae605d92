/** Tells the schema registry what a run loads, and people what has changed since the run before. */
import type { EventSink } from "../observe/mod.ts";
import type { ResourcePlan } from "../plan/mod.ts";
import {
  nextVersion,
  rowsChange,
  schemaOf,
  type SchemaRegistry,
  type SchemaVersion,
  versionColumns,
} from "../schema/mod.ts";
import { DataLoaderError, type Schema, type SchemaChange } from "../sdk/mod.ts";

export interface HistoryOptions {
  readonly recipe: string;
  readonly resource: ResourcePlan;
  readonly emit: EventSink;
}

/** The versions of one resource. */
export class SchemaHistory {
  readonly #registry: SchemaRegistry | undefined;
  readonly #options: HistoryOptions;
  #versions: readonly SchemaVersion[] | undefined;
  /** The schema recorded last, as text. */
  #recorded: string | undefined;

  constructor(registry: SchemaRegistry | undefined, options: HistoryOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /** The schema that was loaded last; undefined where there is none, or no registry. */
  async last(): Promise<Schema | undefined> {
    const last = (await this.#read()).at(-1);
    return last && schemaOf(last.columns);
  }

  /**
   * Adds a version where the schema is another than before. Returns what people are to be told: `changes`, without a missing
   * column that was missing before, and what else has changed.
   * A registry that fails stops no load: its rows are committed already. It is told as a warning.
   */
  async record(
    schema: Schema,
    run: { runId: string; changes: readonly SchemaChange[] },
  ): Promise<SchemaChange[]> {
    if (this.#registry === undefined) return [...run.changes];
    const text = JSON.stringify(versionColumns(schema));
    const known = run.changes.filter(({ kind }) => kind !== "missing_column");
    if (text === this.#recorded) return known;
    const { recipe, resource } = this.#options;
    try {
      const renamed = new Map(
        (resource.schema?.columns ?? []).flatMap(({ name, renameFrom }) =>
          renameFrom === undefined ? [] : [[renameFrom, name] as const]
        ),
      );
      const versions = await this.#read();
      const version = nextVersion(versions, { schema, runId: run.runId, time: new Date(), renamed });
      this.#recorded = text;
      if (version === undefined) return known;
      await this.#registry.add(recipe, resource.name, version);
      this.#versions = [...versions, version];
      const told = new Set(run.changes.map(({ column }) => column?.toLowerCase()));
      return [
        ...run.changes,
        ...version.changes.flatMap((change) =>
          told.has(change.column.toLowerCase()) ? [] : rowsChange(change) ?? []
        ),
      ];
    } catch (error) {
      if (!(error instanceof DataLoaderError)) throw error;
      this.#recorded = text;
      this.#options.emit({
        type: "log",
        time: Date.now(),
        resource: resource.name,
        level: "warning",
        message: `The schema of what was loaded could not be recorded: ${error.message}`,
      });
      return [...run.changes];
    }
  }

  async #read(): Promise<readonly SchemaVersion[]> {
    if (this.#registry === undefined) return [];
    this.#versions ??= await this.#registry.versions(this.#options.recipe, this.#options.resource.name);
    return this.#versions;
  }
}
