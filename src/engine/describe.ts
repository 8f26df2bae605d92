/** Looking without touching: what a plan would read and write, the first rows of it, whether its ends can be reached. */
import type { Plan, ResourcePlan } from "../plan/mod.ts";
import {
  DataLoaderError,
  type Destination,
  EMPTY_SOURCE_STATE,
  getConnector,
  type Json,
  type OpenContext,
  type ReadDescription,
  type ReadRequest,
  type Schema,
  type Session,
  type Source,
  type SourceState,
  type StepContext,
  type WriteDescription,
} from "../sdk/mod.ts";
import { applySteps, planSteps } from "../transforms/mod.ts";
import { schemaOf, schemaProblem } from "../schema/mod.ts";
import { planConform, type PlannedSchema } from "./conform.ts";
import { asError, explain, type UnderWay } from "./failure.ts";
import { eventLogger, type RunIO } from "./io.ts";
import { checkPositionKind, textCursorWarning } from "./position_kind.ts";
import { sourceStateOf } from "./resume.ts";
import { schemaByRules, tableBefore, typeHints } from "./type_hints.ts";

/** What `plan` shows of a resource beyond the Plan itself. An end that can't be reached has an error instead. */
export interface ResourceDescription {
  readonly resource: string;
  /** The position it would go on from. */
  readonly state: SourceState;
  readonly read?: ReadDescription;
  /** The columns after the last step. */
  readonly schema?: Schema;
  readonly write?: WriteDescription;
  /** What kept the description from being whole, such as a server that can't be reached. */
  readonly errors: readonly DataLoaderError[];
}

/** Opens both ends of each resource and asks them what they would do. Changes nothing. */
export async function describePlan(plan: Plan, io: RunIO): Promise<ResourceDescription[]> {
  const saved = await io.stateBackend.load(plan.recipe);
  const descriptions: ResourceDescription[] = [];
  for (const resource of plan.resources) {
    const incremental = resource.source.incremental !== undefined;
    const state = saved !== undefined && incremental ? sourceStateOf(saved) : EMPTY_SOURCE_STATE;
    descriptions.push(
      await withSession(plan, io, (session) => describeResource(resource, { plan, io, session, state })),
    );
  }
  return descriptions;
}

interface Look {
  readonly plan: Plan;
  readonly io: RunIO;
  readonly session: Session;
  readonly state: SourceState;
}

async function describeResource(resource: ResourcePlan, look: Look): Promise<ResourceDescription> {
  const errors: DataLoaderError[] = [];
  const attempt = async <T>(
    end: "source" | "destination",
    body: () => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await body();
    } catch (cause) {
      errors.push(await explain(asError(cause, look.io.signal), resource, { end }));
      return undefined;
    }
  };
  const read = await attempt(
    "source",
    () =>
      withSource(resource, look, async (source) => {
        checkPositionKind(look.state, {
          incremental: resource.source.incremental,
          mode: resource.destination.mode,
        });
        const described = await source.describe(await hintedRequest(resource, look), look.state);
        const { incremental } = resource.source;
        const warning = textCursorWarning(described.schema, { incremental, state: look.state });
        return warning === undefined
          ? described
          : { ...described, warnings: [...described.warnings, warning] };
      }),
  );
  const rows = read && await attempt("source", () => schemaAfterSteps(read.schema, resource, look));
  const planned = rows && resource.schema && await attempt(
    "destination",
    () =>
      withDestination(
        resource,
        look,
        (destination) => planSchema(rows, { resource, look, destination, read }),
      ),
  );
  const conformed = resource.schema === undefined ? rows : planned?.schema;
  const schema = conformed && schemaByRules(conformed, resource);
  const described = schema &&
    await attempt(
      "destination",
      () =>
        withDestination(resource, look, (destination) =>
          destination.describe(schema, {
            mode: resource.destination.mode,
            mergeKeys: resource.destination.mergeKeys,
            strategy: resource.destination.strategy,
            fullRefresh: false,
            startedAt: new Date().toISOString(),
            orderBy: resource.source.incremental?.cursorColumn,
          }, { changes: planned?.changes })),
    );
  if (resource.schema?.mode === "strict" && (described?.losses?.length ?? 0) > 0) {
    errors.push(schemaProblem.lossyMapping(described!.losses!, resource.schema));
  }
  const write = described && { ...described, changes: [...described.changes, ...planned?.notes ?? []] };
  return { resource: resource.name, state: look.state, read, schema, write, errors };
}

/** What `schema` makes of the rows and the table. */
async function planSchema(
  rows: Schema,
  of: { resource: ResourcePlan; look: Look; destination: Destination; read: ReadDescription },
): Promise<PlannedSchema> {
  const { resource, look, destination, read } = of;
  if (resource.schema!.mode === "strict" && (read.losses?.length ?? 0) > 0) {
    throw schemaProblem.lossyMapping(read.losses!, resource.schema!);
  }
  return planConform(rows, { resource, table: await tableOf(resource, look, destination) });
}

/** The table that is there; where the destination can't tell, what was loaded last. */
async function tableOf(resource: ResourcePlan, look: Look, destination: Destination) {
  return await tableBefore(destination, async () => {
    const registry = look.io.openRegistry?.(look.session);
    const last = (await registry?.versions(look.plan.recipe, resource.name))?.at(-1);
    return last && schemaOf(last.columns);
  });
}

/** What is read, with the types that the destination has; without them where it can't be asked, which is told elsewhere. */
async function hintedRequest(resource: ResourcePlan, look: Look): Promise<ReadRequest> {
  const request = readRequest(resource, look.plan);
  const hints = await typeHints(resource, {
    table: () =>
      withDestination(resource, look, (destination) => tableOf(resource, look, destination)).catch(() =>
        undefined
      ),
    replaces: resource.destination.mode === "overwrite",
  });
  return hints === undefined ? request : { ...request, hints };
}

/** The columns after the steps, found without a row and without running anybody's code; undefined where only that tells. */
async function schemaAfterSteps(
  schema: Schema,
  resource: ResourcePlan,
  look: Look,
): Promise<Schema | undefined> {
  const empty = await look.session.fromArrow([], { schema });
  const steps = await planSteps(empty, resource.steps, stepContext(resource, look));
  return steps.length === 0 ? schema : steps.at(-1)!.schema;
}

/** The rows of a resource as its destination would get them. */
export interface Preview {
  readonly schema: Schema;
  readonly rows: readonly unknown[][];
}

/** Source rows that a preview may read for each row it shows: a filter may drop most of them. */
const PREVIEW_ROWS_READ = 1_000;

/** The first `limit` rows of each resource after its steps, from where a run would start. Writes nothing. */
export async function previewPlan(
  plan: Plan,
  io: RunIO,
  options: { limit: number; fromStart?: boolean },
): Promise<
  Preview[]
> {
  const saved = options.fromStart ? undefined : await io.stateBackend.load(plan.recipe);
  const previews: Preview[] = [];
  for (const resource of plan.resources) {
    const incremental = resource.source.incremental !== undefined;
    const state = saved !== undefined && incremental ? sourceStateOf(saved) : EMPTY_SOURCE_STATE;
    previews.push(
      await withSession(
        plan,
        io,
        (session) => previewResource(resource, { plan, io, session, state }, options.limit),
      ),
    );
  }
  return previews;
}

async function previewResource(resource: ResourcePlan, look: Look, limit: number): Promise<Preview> {
  let underWay: UnderWay = {};
  try {
    return await withSource(resource, look, async (source) => {
      const request = await hintedRequest(resource, look);
      let schema: Schema | undefined;
      const rows: unknown[][] = [];
      for await (const read of source.readBatches(request, look.state)) {
        underWay = { read };
        const some = await look.session.relation(
          `SELECT * FROM (${read.batch.sql}) LIMIT ${limit * PREVIEW_ROWS_READ}`,
          read.batch.metadata,
        );
        const applied = await applySteps(some, resource.steps, stepContext(resource, look));
        underWay = { read, applied };
        schema ??= applied.batch.schema;
        rows.push(...await applied.batch.rows({ limit: limit - rows.length }));
        await applied.release();
        if (rows.length >= limit) break;
      }
      if (schema !== undefined) return { schema, rows };
      const described = await source.describe(request, look.state);
      return { schema: await schemaAfterSteps(described.schema, resource, look) ?? { fields: [] }, rows };
    });
  } catch (cause) {
    throw await explain(asError(cause, look.io.signal), resource, { ...underWay, end: "source" });
  }
}

/** What `check` found at one end. */
export interface CheckResult {
  readonly resource: string;
  readonly end: "source" | "destination";
  readonly summary: string;
  /** What was proved, a line each; empty when it failed. */
  readonly proved: readonly string[];
  readonly error?: DataLoaderError;
}

/** Reaches both ends of each resource and proves that they can be read and written. Leaves nothing behind. */
export async function checkPlan(plan: Plan, io: RunIO): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const resource of plan.resources) {
    await withSession(plan, io, async (session) => {
      const look = { plan, io, session, state: EMPTY_SOURCE_STATE };
      for (const end of ["source", "destination"] as const) {
        const about = { resource: resource.name, end, summary: resource[end].summary };
        try {
          const check = (opened: Source | Destination) => opened.check();
          const proved = await (end === "source"
            ? withSource(resource, look, check)
            : withDestination(resource, look, check));
          results.push({ ...about, proved });
        } catch (cause) {
          results.push({ ...about, proved: [], error: asError(cause, io.signal).at(resource[end].location) });
        }
      }
    });
  }
  return results;
}

/** What a look at all rows of a resource works with. */
export interface Looking {
  readonly io: RunIO;
  readonly session: Session;
  readonly source: Source;
  readonly request: ReadRequest;
  readonly steps: StepContext;
}

/** Opens a session and the source of a resource, and closes both. */
export async function lookAt<T>(
  resource: ResourcePlan,
  { plan, io }: { plan: Plan; io: RunIO },
  body: (looking: Looking) => Promise<T>,
): Promise<T> {
  return await withSession(plan, io, async (session) => {
    const look = { plan, io, session, state: EMPTY_SOURCE_STATE };
    const request = readRequest(resource, plan);
    const steps = stepContext(resource, look);
    return await withSource(resource, look, (source) => body({ io, session, source, request, steps }));
  });
}

async function withSession<T>(plan: Plan, io: RunIO, body: (session: Session) => Promise<T>): Promise<T> {
  const { memoryLimit, threads, tempDirectory } = plan.runtime;
  const session = await io.openSession({ memoryLimit, threads, tempDirectory });
  const stop = () => session.interrupt();
  io.signal.addEventListener("abort", stop);
  try {
    return await body(session);
  } finally {
    io.signal.removeEventListener("abort", stop);
    await session.close();
  }
}

async function withSource<T>(
  resource: ResourcePlan,
  look: Look,
  body: (source: Source) => Promise<T>,
): Promise<T> {
  const { openSource } = await getConnector(resource.source.connector).openSource!();
  const source = await openSource(resource.source.config, openContext(resource, look));
  try {
    return await body(source);
  } finally {
    await source.close();
  }
}

async function withDestination<T>(
  resource: ResourcePlan,
  look: Look,
  body: (destination: Destination) => Promise<T>,
): Promise<T> {
  const { openDestination } = await getConnector(resource.destination.connector).openDestination!();
  const destination = await openDestination(resource.destination.config, openContext(resource, look));
  try {
    return await body(destination);
  } finally {
    await destination.close();
  }
}

function openContext(resource: ResourcePlan, look: Look): OpenContext {
  return {
    session: look.session,
    log: eventLogger(look.io.emit, resource.name),
    signal: look.io.signal,
    recipe: look.plan.recipe,
    resource: resource.name,
  };
}

function stepContext(resource: ResourcePlan, look: Look) {
  return {
    recipe: look.plan.recipe,
    resource: resource.name,
    vars: look.plan.vars,
    log: eventLogger(look.io.emit, resource.name),
    signal: look.io.signal,
  };
}

function readRequest(resource: ResourcePlan, plan: Plan) {
  return {
    incremental: resource.source.incremental,
    runId: "plan",
    writeMode: resource.destination.mode,
    batchSize: plan.runtime.batchSize,
    parallelism: plan.runtime.parallelism,
    startedAt: new Date().toISOString(),
  };
}

/** A description as plain JSON, for `plan --format json`. */
export function descriptionToJson(description: ResourceDescription): Json {
  return JSON.parse(JSON.stringify({ ...description, errors: description.errors.map((e) => e.toJSON()) }));
}
