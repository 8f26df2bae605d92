/** Running, planning and looking in a Worker that holds only the permissions which the recipe needs. */
import { tmpdir } from "node:os";
import { TempDirectory } from "../batch/temp_directory.ts";
import type { CheckResult, InferredSchema, Preview, ResourceDescription } from "../engine/mod.ts";
import { type EventSink, peakMemory, type RunSummary, SummaryBuilder } from "../observe/mod.ts";
import { accessOf, narrow, type Plan, type PlannedAccess, planRecipe } from "../plan/mod.ts";
import type { Recipe } from "../recipe/mod.ts";
import { errorFromData, type Grant, inWorker, isNamed, parentFolder } from "../sandbox/mod.ts";
import { DataLoaderError, EngineError, findConnector, findTransform, RecipeErrors } from "../sdk/mod.ts";
import { type EarlyWorker, remember, workerEntry } from "./early_worker.ts";
import type { ExecuteOptions } from "./execute.ts";
import type { SchemaHistoryOf } from "./inspect.ts";
import { refuseLinksOut } from "./links.ts";
import { thrownWithNamesNear, withNamesNear } from "./missing_files.ts";
import { enginePaths, makeTargetFolders, permissionsOf, type Use } from "./permissions.ts";
import { type Prepared, readRecipe, type RecipeInput } from "./prepare.ts";
import type { RecipeTexts, SandboxTask, TestTask } from "./sandbox_task.ts";

/** A recipe that is planned without having run anybody's code in this thread. */
export interface SandboxedRecipe extends Prepared {
  /** What a run reaches, and what looking does. */
  readonly access: { readonly run: readonly PlannedAccess[]; readonly look: readonly PlannedAccess[] };
  /** Values of the variables that the recipe's code may read. */
  readonly codeEnv: Readonly<Record<string, string>>;
  /** The recipe as a Worker reads it. */
  readonly texts: RecipeTexts;
}

type Looking = { readonly stateDirectory: string; readonly emit?: EventSink; readonly signal?: AbortSignal };

/**
 * Reads, validates and plans a recipe. Its plug-ins are imported in a Worker, which can read their folders and what
 * `runtime.code_access` names. `onRead` is given the recipe as soon as it is read: its secrets are known then.
 * @throws {RecipeError} naming file, line and column.
 */
export async function prepareSandboxed(
  file: string,
  input: RecipeInput = {},
  onRead: (recipe: Recipe) => void = () => {},
): Promise<SandboxedRecipe> {
  const files: Record<string, string> = {};
  const read = await readRecipe(file, input, (path, text) => void (files[path] = text));
  const codeEnv = codeEnvOf(read, input);
  // What code may read is no less a secret than what a template reads.
  const recipe = { ...read, secrets: new Set([...read.secrets, ...Object.values(codeEnv)]) };
  onRead(recipe);
  const { vars, onMissingEnv } = input;
  const texts: RecipeTexts = { file, files, env: envOf(recipe, input), vars, onMissingEnv };
  if (recipe.plugins.length === 0) {
    const plan = planRecipe(recipe);
    return {
      recipe,
      plan,
      access: { run: plan.access, look: allowed(recipe, accessOf(recipe, "look")) },
      codeEnv,
      texts,
    };
  }
  const code = allowed(
    recipe,
    accessOf(recipe, "look").filter(({ key }) => key[0] !== "source" && key[0] !== "destination"),
  );
  const found = await inSandbox<Plan>(
    { kind: "plan", recipe: texts, hasCode: true },
    { recipe, access: code, codeEnv, use: "look", stateDirectory: undefined },
  );
  return { ...trusted(recipe, found), codeEnv, texts };
}

/**
 * What a Worker has planned, as far as it may be believed: plug-ins ran there. What built-in connectors reach is told by this
 * thread; what those of plug-ins say is held against the recipe.
 */
function trusted(recipe: Recipe, found: Plan): Omit<SandboxedRecipe, "codeEnv" | "texts"> {
  const folder = parentFolder(absoluteFile(recipe.file));
  const said = (Array.isArray(found.access) ? found.access : []).filter((access) =>
    isOfPlugin(recipe, access) && isNamed(access, recipe.document, folder)
  );
  const all = (use: "run" | "look") =>
    allowed(recipe, [
      ...accessOf(recipe, use),
      ...said.filter(({ kind }) => use === "run" || kind !== "write"),
    ]);
  const secrets = new Set([...recipe.secrets, ...found.secrets.map(String)]);
  const { plugins, runtime } = recipe;
  const plan: Plan = {
    ...found,
    recipe: recipe.name,
    file: recipe.file,
    state: { backend: recipe.state.backend, directory: recipe.state.directory },
    runtime: { ...found.runtime, deadLetter: runtime.deadLetter, tempDirectory: runtime.tempDirectory },
    plugins,
    access: all("run"),
    secrets: [...secrets],
  };
  return { recipe: { ...recipe, secrets }, plan, access: { run: plan.access, look: all("look") } };
}

function isOfPlugin(recipe: Recipe, access: PlannedAccess): boolean {
  const [block, , index] = access.key;
  if (block === "source" || block === "destination") {
    return findConnector(recipe[block]?.type ?? "") === undefined;
  }
  const step = block === "transform" ? recipe.steps[Number(index)] : undefined;
  return step !== undefined && findTransform(step.type) === undefined;
}

function allowed(recipe: Recipe, accesses: readonly PlannedAccess[]): PlannedAccess[] {
  const { allowed, problems } = narrow(accesses, recipe);
  if (problems.length > 0) throw problems.length === 1 ? problems[0]! : new RecipeErrors(problems);
  return allowed;
}

/** Runs a recipe to its end. What a run can meet is in the summary; nothing is thrown for it. */
export async function executeSandboxed(
  prepared: SandboxedRecipe,
  options: Omit<ExecuteOptions, "stateBackend" | "stateDirectory" | "sandbox"> & {
    readonly stateDirectory: string;
    readonly early?: EarlyWorker;
  },
): Promise<RunSummary> {
  const { emit, signal, stateDirectory, fullRefresh, limit, dryRun } = options;
  const builder = new SummaryBuilder();
  const task = {
    kind: "run" as const,
    plan: prepared.plan,
    options: { stateDirectory, fullRefresh, limit, dryRun },
  };
  try {
    const summary = await inSandbox<RunSummary>({ ...task, hasCode: hasCode(prepared.access.run) }, {
      ...prepared,
      access: dryRun ? prepared.access.look : prepared.access.run,
      use: dryRun ? "look" : "run",
      early: options.early,
      stateDirectory,
      signal,
      emit: (event) => {
        builder.add(event);
        emit?.(event);
      },
    });
    const peak = summary.peak_memory_bytes ?? peakMemory();
    return {
      ...summary,
      ...(summary.error === undefined ? {} : { error: await withNamesNear(summary.error) }),
      resources: await Promise.all(
        summary.resources.map(async ({ error, ...resource }) =>
          error === undefined ? resource : { ...resource, error: await withNamesNear(error) }
        ),
      ),
      recipe: prepared.recipe.name,
      sandbox: true,
      ...(peak === undefined ? {} : { peak_memory_bytes: peak }),
    };
  } catch (error) {
    // The Worker has ended before the run did: what it had told until then is the summary.
    if (!(error instanceof DataLoaderError)) throw error;
    const summary = builder.build({
      time: Date.now(),
      error: error.toJSON(),
      peakMemoryBytes: peakMemory(),
      sandbox: true,
    });
    return { ...summary, recipe: prepared.recipe.name };
  }
}

/** What each resource of a plan would read, write and change. */
export async function inspectSandboxed(
  prepared: SandboxedRecipe,
  options: Looking,
): Promise<ResourceDescription[]> {
  const found = await look<(ResourceDescription & { errors: Parameters<typeof errorFromData>[0][] })[]>(
    prepared,
    { kind: "describe", plan: prepared.plan, options: { stateDirectory: options.stateDirectory } },
    options,
  );
  return await Promise.all(found.map(async (one) => ({
    ...one,
    errors: (await Promise.all(one.errors.map(withNamesNear))).map(errorFromData),
  })));
}

/** The first rows of each resource as its destination would get them. */
export async function previewSandboxed(
  prepared: SandboxedRecipe,
  options: Looking & { readonly limit?: number; readonly fromStart?: boolean },
): Promise<Preview[]> {
  const { stateDirectory, limit, fromStart } = options;
  return await look<Preview[]>(
    prepared,
    { kind: "preview", plan: prepared.plan, options: { stateDirectory, limit, fromStart } },
    options,
  );
}

/** Whether both ends of each resource can be reached. */
export async function checkSandboxed(prepared: SandboxedRecipe, options: Looking): Promise<CheckResult[]> {
  const found = await look<(Omit<CheckResult, "error"> & { error?: Parameters<typeof errorFromData>[0] })[]>(
    prepared,
    { kind: "check", plan: prepared.plan, options: { stateDirectory: options.stateDirectory } },
    options,
  );
  return await Promise.all(found.map(async (one) => ({
    ...one,
    error: one.error && errorFromData(await withNamesNear(one.error)),
  })));
}

/** The schema of what each resource loads, from all of its rows. */
export async function inferSandboxed(
  prepared: SandboxedRecipe,
  options: Looking,
): Promise<InferredSchema[]> {
  const { stateDirectory } = options;
  return await look<InferredSchema[]>(
    prepared,
    { kind: "infer", plan: prepared.plan, options: { stateDirectory } },
    options,
  );
}

/** The versions of the schema of each resource that runs have recorded. */
export async function historySandboxed(
  prepared: SandboxedRecipe,
  options: Looking,
): Promise<SchemaHistoryOf[]> {
  const { stateDirectory } = options;
  return await look<SchemaHistoryOf[]>(
    prepared,
    { kind: "history", plan: prepared.plan, options: { stateDirectory } },
    options,
  );
}

/** Runs tests of a recipe in one Worker, whose `access` is what all of them need. Resolves to plain data. */
export async function testSandboxed<T>(
  { recipe, codeEnv }: SandboxedRecipe,
  of: {
    readonly tests: readonly TestTask[];
    readonly access: readonly PlannedAccess[];
    readonly signal?: AbortSignal;
  },
): Promise<T> {
  const { tests, access, signal } = of;
  // A test's own variables are there for its code alone.
  const before = Object.keys(codeEnv).map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const [name, value] of Object.entries(codeEnv)) Deno.env.set(name, value);
    return await inSandbox<T>(
      { kind: "test", tests, tempDirectory: "", hasCode: hasCode(access) },
      { recipe, access, codeEnv, use: "look", stateDirectory: undefined, signal },
    );
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

type LookTask = Extract<SandboxTask, { kind: "describe" | "preview" | "check" | "infer" | "history" }>;

async function look<T>(
  prepared: SandboxedRecipe,
  task: Omit<LookTask, "hasCode">,
  options: Looking,
): Promise<T> {
  const checks = task.kind === "check";
  const access = checks ? prepared.access.run : prepared.access.look;
  try {
    return await inSandbox<T>({ ...task, hasCode: hasCode(access) } as LookTask, {
      ...prepared,
      ...options,
      access,
      use: checks ? "check" : "look",
    });
  } catch (error) {
    throw await thrownWithNamesNear(error);
  }
}

interface Setting {
  readonly recipe: Pick<Recipe, "name" | "file" | "runtime" | "state" | "secrets">;
  readonly access: readonly PlannedAccess[];
  readonly codeEnv: Readonly<Record<string, string>>;
  readonly use: Use;
  /** Undefined where no state is looked at. */
  readonly stateDirectory: string | undefined;
  readonly emit?: EventSink;
  readonly signal?: AbortSignal;
  /** Started before the recipe was read. */
  readonly early?: EarlyWorker;
}

/** Does a task in a Worker, with a temporary directory that is the task's own. */
async function inSandbox<T>(task: SandboxTask, setting: Setting): Promise<T> {
  const { recipe, access, use, stateDirectory, codeEnv } = setting;
  const early = isFor(setting.early, task, recipe.runtime.tempDirectory) ? setting.early : undefined;
  if (early === undefined) await dropEarly(setting.early);
  const temporary = early?.temporary ?? await makeTemporary(recipe.runtime.tempDirectory);
  try {
    const tempDirectory = (await Deno.realPath(temporary.path)).replaceAll("\\", "/");
    const registry = "plan" in task ? task.plan.registry : undefined;
    const about = { recipe: recipe.name, state: recipe.state, registry };
    const grants: Grant[] = (await permissionsOf(about, access, {
      use,
      stateDirectory: stateDirectory ?? "",
      tempDirectory,
    })).filter(({ why }) => stateDirectory !== undefined || why !== "the recipe's state");
    if (task.hasCode) await refuseLinksOut(grants);
    if (use === "run") await makeTargetFolders(grants);
    const walls = { paths: await enginePaths(access), temporaryDirectory: tempDirectory };
    shareEnv(codeEnv);
    if (use === "run" && stateDirectory !== undefined && !holdsSecret(grants, recipe.secrets)) {
      const tempParent = recipe.runtime.tempDirectory;
      await remember(grants, {
        file: setting.recipe.file,
        stateDirectory,
        tempDirectory,
        tempParent,
        hasCode: task.hasCode,
      });
    }
    return await inWorker({
      started: early?.started,
      entry: workerEntry(task),
      task: inTemporary(task, tempDirectory),
      grants,
      walls,
      env: codeEnv,
      emit: setting.emit,
      signal: setting.signal,
    }) as T;
  } finally {
    await temporary.remove();
  }
}

/** A task that puts its temporary files into the given directory. */
function inTemporary(task: SandboxTask, tempDirectory: string): SandboxTask {
  if (task.kind === "plan") return task;
  if (task.kind === "test") return { ...task, tempDirectory };
  return { ...task, plan: { ...task.plan, runtime: { ...task.plan.runtime, tempDirectory } } };
}

function isFor(early: EarlyWorker | undefined, task: SandboxTask, tempParent: string | undefined): boolean {
  return early !== undefined && early.hasCode === task.hasCode && early.tempParent === tempParent;
}

/** Whether a host or a path is made of a secret: such a set is not written down. */
function holdsSecret(grants: readonly Grant[], secrets: ReadonlySet<string>): boolean {
  return grants.some(({ value }) => [...secrets].some((secret) => secret !== "" && value.includes(secret)));
}

/** Ends a Worker that was started beforehand and is not needed. */
export async function dropEarly(early: EarlyWorker | undefined): Promise<void> {
  early?.started.worker.terminate();
  await early?.temporary.remove();
}

async function makeTemporary(parent: string | undefined): Promise<TempDirectory> {
  try {
    return await TempDirectory.create(parent ?? tmpdir());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("TEMP_DIRECTORY", `The temporary directory can't be made: ${reason}`, {
      hint: "set runtime.temp_directory to a directory that can be written",
      context: parent === undefined ? {} : { path: parent },
      cause,
    });
  }
}

function hasCode(accesses: readonly PlannedAccess[]): boolean {
  return accesses.some(({ kind }) => kind === "code");
}

/** Values of the variables that a recipe's templates name. */
function envOf(recipe: Recipe, input: RecipeInput): Record<string, string> {
  return valuesOf([...recipe.requiredEnv, ...recipe.optionalEnv], input);
}

function codeEnvOf(recipe: Recipe, input: RecipeInput): Record<string, string> {
  return valuesOf(recipe.runtime.codeAccess?.env ?? [], input);
}

function valuesOf(names: readonly string[], input: RecipeInput): Record<string, string> {
  const read = input.env ?? ((name: string) => Deno.env.get(name));
  return Object.fromEntries(names.flatMap((name) => {
    const value = read(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** Variables of an `--env-file` that code may read are there for `Deno.env.get` too. */
function shareEnv(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
  }
}

function absoluteFile(file: string): string {
  return /^(\/|[a-z]:[\\/])/i.test(file)
    ? file.replaceAll("\\", "/")
    : `${Deno.cwd().replaceAll("\\", "/")}/${file}`;
}
