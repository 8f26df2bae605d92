/** `schema show`, `schema history`, `schema diff`: the versions that runs have recorded. */
import { describeVersionChange, diffColumns, type SchemaVersion, versionColumns } from "../../schema/mod.ts";
import { counted } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { flattenErrors, UsageError } from "../errors.ts";
import { EXIT } from "../io.ts";
import { renderTable } from "../table.ts";

interface Options extends RecipeOptions {
  readonly json?: true;
  readonly stateDir?: string;
}

interface Kept {
  readonly resource: string;
  readonly place: string;
  readonly versions: readonly SchemaVersion[];
}

async function read(call: Call, recipe: string, options: Options) {
  const prepared = await call.prepare(recipe, options);
  const { historySandboxed } = await import("../../app/sandboxed.ts");
  const stateDirectory = call.stateDirectory(options.stateDir, prepared.plan.state);
  return { prepared, stateDirectory, kept: await historySandboxed(prepared, { stateDirectory }) };
}

/** `schema show`. */
export async function showVersion(
  call: Call,
  recipe: string,
  options: Options & { version?: number },
): Promise<void> {
  const { kept } = await read(call, recipe, options);
  const found = kept.map((one) => ({ ...one, version: pick(one, options.version) }));
  if (options.json) {
    const shown = found.map(({ resource, version }) => ({ resource, ...version }));
    call.printJson(shown.length === 1 ? shown[0] : shown, { indent: true });
    return;
  }
  for (const { resource, version } of found) {
    const name = found.length > 1 ? `${resource}: ` : "";
    call.print(`${call.out.strong(`${name}version ${version.version}`)} ${call.out.dim(of(version))}`);
    const rows = version.columns.map(({ name, type, nullable }) => [name, type, nullable ? "" : "not null"]);
    const columns = [{ title: "column", min: 12 }, { title: "type", min: 12 }, { title: "" }];
    const paint = (text: string, column: number) => column === 0 ? call.out.name(text) : text;
    const table = renderTable(columns, rows, { width: call.io.stdout.columns, style: call.out, paint });
    for (const line of table.lines) call.print(line);
  }
}

/** `schema history`. */
export async function showHistory(call: Call, recipe: string, options: Options): Promise<void> {
  const { kept } = await read(call, recipe, options);
  if (options.json) {
    const shown = kept.map(({ resource, versions }) => ({ resource, versions }));
    call.printJson(shown.length === 1 ? shown[0]!.versions : shown, { indent: true });
    return;
  }
  for (const { resource, place, versions } of kept) {
    if (kept.length > 1) call.print(call.out.strong(resource));
    if (versions.length === 0) {
      call.print(`no version is recorded in ${call.path(place)}; a run records the first`);
      continue;
    }
    for (const version of versions.toReversed()) {
      call.print(`${call.out.strong(`version ${version.version}`)}  ${call.out.dim(of(version))}`);
      if (version.changes.length === 0) {
        call.print(`  ${counted(version.columns.length, "column")}, the first version`);
      }
      for (const change of version.changes) call.print(`  ${describeVersionChange(change)}`);
    }
  }
}

/** `schema diff`. Exit 1 where there is a difference. */
export async function showDiff(
  call: Call,
  recipe: string,
  options: Options & { from?: number; to?: number },
): Promise<void> {
  const { prepared, stateDirectory, kept } = await read(call, recipe, options);
  let now: ReadonlyMap<string, ReturnType<typeof versionColumns>> = new Map();
  if (options.to === undefined) {
    const { inspectSandboxed } = await import("../../app/sandboxed.ts");
    const described = await inspectSandboxed(prepared, { stateDirectory });
    const failed = described.filter((one) => one.schema === undefined);
    for (const error of failed.flatMap((one) => one.errors)) call.showError(flattenErrors(error)[0]);
    if (failed.length > 0) {
      call.io.exitCode = EXIT.failed;
      return;
    }
    now = new Map(described.map(({ resource, schema }) => [resource, versionColumns(schema!)]));
  }
  const found = kept.map((one) => {
    const from = pick(one, options.from);
    const to = options.to === undefined ? undefined : pick(one, options.to);
    return {
      resource: one.resource,
      from: from.version,
      to: to?.version ?? "now",
      changes: diffColumns(from.columns, to?.columns ?? now.get(one.resource)!),
    };
  });
  if (found.some(({ changes }) => changes.length > 0)) call.io.exitCode = EXIT.failed;
  if (options.json) {
    call.printJson(found.length === 1 ? found[0] : found, { indent: true });
    return;
  }
  for (const { resource, from, to, changes } of found) {
    const name = found.length > 1 ? `${resource}: ` : "";
    const until = to === "now" ? "the source as it is now" : `version ${to}`;
    call.print(
      `${name}version ${from} to ${until}: ${changes.length === 0 ? "no difference" : ""}`.trimEnd(),
    );
    for (const change of changes) call.print(`  ${describeVersionChange(change)}`);
  }
}

/** @throws {UsageError} where there is no such version. */
function pick({ resource, place, versions }: Kept, number: number | undefined): SchemaVersion {
  const found = number === undefined ? versions.at(-1) : versions.find(({ version }) => version === number);
  if (found !== undefined) return found;
  throw new UsageError(
    "NO_SCHEMA_VERSION",
    versions.length === 0
      ? `No schema of "${resource}" is recorded in ${place}.`
      : `There is no version ${number} of "${resource}": the versions are 1 to ${versions.length}.`,
    {
      hint: versions.length === 0
        ? "run the recipe first: a run records what it loads"
        : "see `schema history`",
    },
  );
}

function of({ recorded_at, run_id }: SchemaVersion): string {
  return `${recorded_at}, run ${run_id}`;
}
