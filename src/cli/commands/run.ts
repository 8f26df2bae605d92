import type { EarlyWorker } from "../../app/early_worker.ts";
import { dirname } from "node:path";
import type { Prepared } from "../../app/prepare.ts";
import type { SandboxedRecipe } from "../../app/sandboxed.ts";
import {
  allSinks,
  createLogs,
  type EventSink,
  type LogFormat,
  type Logs,
  ProgressView,
  type RunSummary,
  type TextWriter,
} from "../../observe/mod.ts";
import { withConsole } from "../../observe/console_events.ts";
import type { Plan } from "../../plan/mod.ts";
import { nearest } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { exitCodeFor, flattenErrors, fromErrorData, UsageError } from "../errors.ts";
import { EXIT, resolvePath, type StopSignal } from "../io.ts";
import { reportPage } from "../report/page.ts";
import { type QualityReport, ReportBuilder, reportToJson } from "../report/report.ts";
import { renderSummary } from "../summary_text.ts";

export interface RunCommandOptions extends RecipeOptions {
  readonly stateDir?: string;
  readonly fullRefresh?: true;
  readonly select?: readonly string[];
  readonly limit?: number;
  readonly dryRun?: true;
  readonly json?: true;
  readonly logFormat?: LogFormat;
  readonly progress: boolean;
  readonly report?: string;
  /** Default true. */
  readonly sandbox?: boolean;
  /** For the first recipe, started while this module was loaded. */
  readonly early?: Promise<EarlyWorker | undefined>;
}

/** A recipe of the command line, ready to run. */
interface Job extends Prepared {
  /** Missing with `--no-sandbox`. */
  readonly sandboxed?: SandboxedRecipe;
  /** As it was named on the command line. */
  readonly file: string;
}

/**
 * `run`: reads and checks all recipes, then runs them one after another.
 * Exit 2 where one of them is wrong (none is run), 1 where all fail, 3 where some do.
 */
export async function runRecipes(
  call: Call,
  files: readonly string[],
  options: RunCommandOptions,
): Promise<void> {
  let above: TextWriter | undefined;
  const stop = watchSignals(call, (text) => (above ?? call.io.stderr).write(text));
  const logs = createLogs({
    format: options.logFormat ?? "text",
    level: options.logLevel ?? (options.logFormat === "json" ? "info" : "warning"),
    writer: { write: (text) => (above ?? call.io.stderr).write(text) },
    redactor: call.redactor,
    color: call.io.stderr.color,
  });
  let early = await options.early;
  try {
    const jobs = await prepareAll(call, files, { ...options, logs });
    const summaries: RunSummary[] = [];
    const reports: QualityReport[] = [];
    if (options.report !== undefined) checkReportName(options.report);
    for (const job of jobs) {
      if (stop.signal.aborted) break;
      const progress = startProgress(call, options);
      above = progress?.above;
      try {
        const worker = early;
        early = undefined;
        const builder = new ReportBuilder();
        const summary = await runJob(call, job, {
          options,
          logs,
          progress,
          signal: stop.signal,
          early: worker,
          report: (event) => builder.add(event),
        });
        summaries.push(summary);
        reports.push(builder.build(summary));
      } finally {
        progress?.finish();
        above = undefined;
      }
      report(call, job, summaries.at(-1)!, options);
    }
    if (options.report !== undefined && reports.length > 0) await writeReport(call, options.report, reports);
    if (jobs.length > 0) call.io.exitCode = stop.exitCode() ?? exitCodeOf(summaries);
  } finally {
    if (early !== undefined) await (await import("../../app/sandboxed.ts")).dropEarly(early);
    stop.release();
    logs.close();
  }
}

/** @throws {UsageError} where the ending says neither JSON nor HTML. */
function checkReportName(file: string): void {
  if (/\.(json|html?)$/i.test(file)) return;
  throw new UsageError("INVALID_OPTION", `--report can't tell the form of "${file}".`, {
    hint: "end the name with .html or .json",
  });
}

/** Writes the report, secrets taken out. What was loaded stays loaded where it can't be written. */
async function writeReport(call: Call, path: string, reports: readonly QualityReport[]): Promise<void> {
  const file = resolvePath(call.io, path);
  const clean = call.redactor.json(reports) as unknown as QualityReport[];
  const text = /\.json$/i.test(file)
    ? `${JSON.stringify(reportToJson(clean), null, 2)}\n`
    : reportPage(clean, { path: (each) => call.path(each) });
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
  } catch (cause) {
    throw new UsageError("REPORT_FAILED", `The report "${path}" can't be written; the runs are done.`, {
      hint: "check the path of --report and its rights",
      cause,
    });
  }
}

/** Aborts on the first signal; the second ends the process at once. */
function watchSignals(call: Call, write: (text: string) => void) {
  const controller = new AbortController();
  let received: StopSignal | undefined;
  const release = call.io.onSignal?.((signal) => {
    if (received !== undefined) {
      call.io.exitNow?.(EXIT[signal]);
      return;
    }
    received = signal;
    write(`${call.err.warning("Stopping: rolling back the batch under way. Once more quits at once.")}\n`);
    controller.abort();
  });
  return {
    signal: controller.signal,
    exitCode: () => received === undefined ? undefined : EXIT[received],
    release: () => release?.(),
  };
}

/** Prepares every recipe, or reports what is wrong with them and gives none. */
async function prepareAll(
  call: Call,
  files: readonly string[],
  options: RunCommandOptions & { logs: Logs },
): Promise<Job[]> {
  const jobs: Job[] = [];
  let exitCode: number | undefined;
  for (const file of files) {
    try {
      const sandboxed = options.sandbox === false ? undefined : await call.prepareOne(file, options);
      const { recipe, plan } = sandboxed ??
        await withConsole(options.logs.forRun(), () => call.prepareUnconfined(file, options));
      const same = jobs.find((job) => job.plan.recipe === plan.recipe);
      if (same !== undefined) throw sameName(call, same, plan);
      jobs.push({ file, recipe, sandboxed, plan: selectResources(plan, options.select) });
    } catch (error) {
      exitCode = Math.max(exitCode ?? 0, exitCodeFor(error));
      reportUnready(call, file, { error, ...options });
    }
  }
  if (exitCode === undefined) {
    call.checkVars(jobs.map(({ recipe }) => recipe), options);
    return jobs;
  }
  call.io.exitCode = exitCode;
  if (files.length > 1) call.note(call.err.dim("\nNothing was run."));
  return [];
}

function sameName(call: Call, other: Job, plan: Plan): UsageError {
  return new UsageError(
    "DUPLICATE_RECIPE",
    `${call.path(other.plan.file)} and ${call.path(plan.file)} are both named "${plan.recipe}", ` +
      "so they would share one state.",
    { hint: "give one of them another `name:`" },
  );
}

/** The plan with only the resources that `--select` names. */
function selectResources(plan: Plan, select: readonly string[] | undefined): Plan {
  if (select === undefined) return plan;
  const names = plan.resources.map((resource) => resource.name);
  for (const name of select) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    throw new UsageError("UNKNOWN_RESOURCE", `The recipe "${plan.recipe}" has no resource "${name}".`, {
      hint: near === undefined ? `it has: ${names.join(", ")}` : `did you mean "${near}"?`,
    });
  }
  return { ...plan, resources: plan.resources.filter((resource) => select.includes(resource.name)) };
}

/** A recipe that can't be run: the error, and with `--json` a summary of the same shape as any other. */
function reportUnready(
  call: Call,
  file: string,
  options: RunCommandOptions & { error: unknown; logs: Logs },
): void {
  const { error, logs } = options;
  if (options.logFormat === "json") {
    for (const { code, message, hint } of flattenErrors(error)) {
      logs.logger.log("error", message, { recipe: file, code, ...(hint === undefined ? {} : { hint }) });
    }
  } else {
    call.showError(error);
  }
  if (!options.json) return;
  const errors = call.errorsToJson(error);
  call.printJson({
    recipe: file,
    run_id: null,
    status: "failed",
    rows_read: 0,
    rows_written: 0,
    rows_rejected: 0,
    batches: 0,
    duration_ms: 0,
    resources: [],
    state: null,
    error: errors[0],
    errors,
  });
}

function startProgress(call: Call, options: RunCommandOptions): ProgressView | undefined {
  if (!options.progress || options.logFormat === "json") return undefined;
  const { stderr } = call.io;
  const writer = {
    isTerminal: stderr.isTerminal && call.io.env("TERM") !== "dumb",
    write: (text: string) => stderr.write(call.redactor.text(text)),
    size: () => ({ columns: stderr.columns, rows: stderr.rows }),
  };
  return new ProgressView(writer, { color: stderr.color });
}

async function runJob(
  call: Call,
  job: Job,
  setting: {
    options: RunCommandOptions;
    logs: Logs;
    progress: ProgressView | undefined;
    signal: AbortSignal;
    early?: EarlyWorker;
    report: EventSink;
  },
): Promise<RunSummary> {
  const { options, logs, progress, signal, early } = setting;
  const log = logs.forRun();
  const sinks: EventSink[] = [options.logFormat === "json" ? log : withoutFailures(log), setting.report];
  if (progress !== undefined) sinks.push(progress.sink);
  const settings = {
    stateDirectory: call.stateDirectory(options.stateDir, job.plan.state),
    emit: allSinks(...sinks),
    signal,
    fullRefresh: options.fullRefresh,
    limit: options.limit,
    dryRun: options.dryRun,
  };
  if (job.sandboxed !== undefined) {
    const { executeSandboxed } = await import("../../app/sandboxed.ts");
    return await executeSandboxed({ ...job.sandboxed, plan: job.plan }, { ...settings, early });
  }
  const { executePlan } = await import("../../app/execute.ts");
  return await withConsole(settings.emit, () => executePlan(job.plan, settings));
}

/** In text the error of a run is shown in full at its end; once is enough. */
function withoutFailures(sink: EventSink): EventSink {
  return (event) => {
    const ended = event.type === "resource_finished" || event.type === "run_finished";
    if (!ended || event.status === "succeeded") sink(event);
  };
}

/** The end of one run: the summary on stdout, errors on stderr. */
function report(call: Call, job: Job, summary: RunSummary, options: RunCommandOptions): void {
  if (options.json) call.printJson(summary);
  else printSummary(call, job, { summary, options });
  if (options.logFormat !== "json") showErrors(call, summary);
}

function printSummary(
  call: Call,
  job: Job,
  about: { summary: RunSummary; options: RunCommandOptions },
): void {
  const { summary, options } = about;
  const lines = renderSummary(summary, {
    style: call.out,
    file: options.stateDir === undefined ? job.file : `${job.file} --state-dir ${options.stateDir}`,
    incremental: job.plan.resources.some((resource) => resource.source.incremental !== undefined),
    appendsAll: job.plan.resources.some(({ source, destination }) =>
      source.incremental === undefined && destination.mode === "append"
    ),
    dryRun: options.dryRun,
    fullRefresh: options.fullRefresh,
    limit: options.limit,
    columns: Math.min(call.io.stdout.columns, 110),
    shorten: (text) => call.shorten(text),
  });
  for (const line of lines) call.print(line);
}

function showErrors(call: Call, summary: RunSummary): void {
  const errors: ErrorOfRun[] = summary.resources.flatMap(({ error }) => error === undefined ? [] : [error]);
  if (summary.error !== undefined && !errors.some((error) => error.message === summary.error?.message)) {
    errors.unshift(summary.error);
  }
  for (const error of errors) call.io.stderr.write(call.renderError(fromErrorData(error)));
}

type ErrorOfRun = NonNullable<RunSummary["error"]>;

function exitCodeOf(summaries: readonly RunSummary[]): number {
  if (summaries.every((summary) => summary.status === "succeeded")) return EXIT.done;
  return summaries.every((summary) => summary.status === "failed") ? EXIT.failed : EXIT.partial;
}
