/** The summary of a run for people. Pure. */
import type {
  ResourceSummary,
  RunSummary,
  SummaryCoercion,
  SummaryRejection,
  ValidationSummary,
} from "../observe/mod.ts";
import { formatBytes, formatCount, formatDuration } from "../observe/format.ts";
import { holdsRecipes } from "../sdk/mod.ts";
import { PLAIN, type Style } from "./style.ts";
import { pad, wrap } from "./width.ts";

export interface SummaryView {
  readonly style?: Style;
  /** The recipe as the person named it, with the options that a further run needs: for hints to copy. */
  readonly file: string;
  /** Whether any resource is incremental. */
  readonly incremental: boolean;
  /** Whether any resource appends all of its rows with every run. */
  readonly appendsAll?: boolean;
  readonly dryRun?: boolean;
  readonly limit?: number;
  readonly fullRefresh?: boolean;
  /** Cells in a line. Default 100. */
  readonly columns?: number;
  /** Texts with paths as people see them. */
  readonly shorten?: (text: string) => string;
}

const LABEL = 10;
/** Rules shown of those that rows break. */
const MOST_RULES = 5;
/** The speed of a run that reads fewer says only how long it takes to begin. */
const FEW_ROWS = 1000;

/** Lines without errors: these are printed by whoever prints the summary. */
export function renderSummary(summary: RunSummary, view: SummaryView): string[] {
  const lines = summaryLines(summary, view);
  if (summary.sandbox) return lines;
  const { style = PLAIN } = view;
  // An executable for one recipe holds no more than that recipe needs.
  if (holdsRecipes()) return lines;
  const text = "none (--no-sandbox): the run held all permissions of the process";
  return [...lines, `  ${style.dim(pad("sandbox", LABEL))}${style.warning(text)}`];
}

function summaryLines(summary: RunSummary, view: SummaryView): string[] {
  const { style = PLAIN, shorten = (text: string) => text } = view;
  const room = Math.max(20, (view.columns ?? 100) - LABEL - 2);
  const line = (label: string, text: string) =>
    wrap(text, room).map((part, i) => `  ${style.dim(pad(i === 0 ? label : "", LABEL))}${part}`).join("\n");
  const lines = [headline(summary, view, style)];
  if (isNothingNew(summary, view)) {
    if (summary.rows_read > 0) {
      lines.push(line("read", `${rows(summary.rows_read)}; none is new or changed after the steps`));
    }
    lines.push(
      ...positionLines(summary, view, line),
      ...hints(summary, view, style).map((h) => line("next", h)),
    );
    return lines;
  }
  for (const resource of summary.resources) {
    if (summary.resources.length > 1) lines.push(resourceHeadline(resource, style));
    lines.push(...resourceLines(resource, summary, view, { shorten, line }));
  }
  for (const { description, safety } of summary.schema_changes) {
    const mark = safety === "destructive" ? " (destructive: readers of the table may need a change)" : "";
    lines.push(line("schema", `${shorten(description)}${mark}`));
  }
  for (const coercion of summary.coercions) lines.push(line("values", coercionText(coercion)));
  if (!view.dryRun) lines.push(...positionLines(summary, view, line));
  lines.push(...hints(summary, view, style).map((hint) => line("next", hint)));
  return lines;
}

function coercionText({ column, to, changed, lost, moved = 0, variant, first }: SummaryCoercion): string {
  const parts = [
    ...(changed > 0 ? [`${formatCount(changed)} changed to fit ${to}`] : []),
    ...(lost > 0 ? [`${formatCount(lost)} became NULL, being no ${to}`] : []),
    ...(moved > 0 ? [`${formatCount(moved)} went into ${variant}, being no ${to}`] : []),
  ];
  return `${column}: ${parts.join(", ")}; the first is ${JSON.stringify(first.value)} in row ${first.row}`;
}

function headline(summary: RunSummary, view: SummaryView, style: Style): string {
  const name = style.strong(summary.recipe);
  const took = formatDuration(summary.duration_ms);
  const loaded = `${rows(summary.rows_written)} ${view.dryRun ? "would be loaded" : "loaded"}`;
  if (summary.status === "failed") {
    const before = summary.rows_written > 0 ? `; ${rows(summary.rows_written)} were loaded before` : "";
    return `${style.error("✗")} ${name}: failed after ${took}${before}`;
  }
  if (summary.status === "partial") {
    const failed = summary.resources.filter((resource) => resource.status !== "succeeded").length;
    return `${
      style.warning("!")
    } ${name}: ${failed} of ${summary.resources.length} resources failed; ${loaded} in ${took}`;
  }
  if (isNothingNew(summary, view)) return `${style.success("✓")} ${name}: ${nothingNew(summary)} (${took})`;
  return `${style.success("✓")} ${name}: ${
    view.dryRun ? `dry run, ${rows(summary.rows_read)} read` : loaded
  } in ${took}`;
}

/** An incremental run that loaded no row, though it may have read again some that share the last cursor value. */
function isNothingNew(summary: RunSummary, view: SummaryView): boolean {
  const { status, nothing_to_do, rows_written, rows_rejected } = summary;
  if (status !== "succeeded") return false;
  if (nothing_to_do) return true;
  return view.incremental && !view.dryRun && !view.fullRefresh && rows_written === 0 && rows_rejected === 0;
}

function nothingNew(summary: RunSummary): string {
  const { cursor_values = {}, watermarks = {} } = summary.state ?? {};
  const known = Object.entries({ ...cursor_values, ...watermarks }).map(([column, value]) =>
    `${column} ${value}`
  );
  return known.length === 0 ? "nothing new" : `nothing new since ${known.join(", ")}`;
}

function resourceHeadline(resource: ResourceSummary, style: Style): string {
  const mark = { succeeded: style.success("✓"), failed: style.error("✗"), skipped: style.dim("-") };
  return `  ${mark[resource.status]} ${style.strong(resource.name)} ${style.dim(resource.status)}`;
}

function resourceLines(
  resource: ResourceSummary,
  summary: RunSummary,
  view: SummaryView,
  to: { shorten: (text: string) => string; line: (label: string, text: string) => string },
): string[] {
  const { source, destination, write_mode, rows_read, rows_written, batches } = resource;
  const { bytes_read = 0, bytes_written = 0 } = resource;
  const lines: string[] = [];
  const speed = summary.duration_ms === 0 ? 0 : rows_read * 1000 / summary.duration_ms;
  const telling = rows_read >= FEW_ROWS;
  const read = [
    rows(rows_read),
    ...(bytes_read > 0 ? [formatBytes(bytes_read)] : []),
    ...(telling ? [`${formatCount(speed)} rows/s`] : []),
  ];
  lines.push(
    to.line("read", `${read.join(", ")}${source === undefined ? "" : ` from ${to.shorten(source)}`}`),
  );
  if (!view.dryRun) {
    const where = destination === undefined ? "" : ` to ${to.shorten(destination)}`;
    const mode = write_mode === undefined ? "" : ` (${write_mode})`;
    const parts = batches > 1 ? ` in ${formatCount(batches)} batches` : "";
    const size = bytes_written > 0 ? `, ${formatBytes(bytes_written)}` : "";
    lines.push(to.line("written", `${rows(rows_written)}${size}${where}${mode}${parts}`));
  }
  for (const rejection of resource.rejections ?? []) {
    lines.push(to.line("rejected", rejectionText(rejection, view, to.shorten)));
  }
  if (resource.validation !== undefined) lines.push(...validationLines(resource.validation, to.line));
  if (resource.resumed !== undefined) {
    lines.push(to.line("resumed", `a run that was cut off (${resource.resumed.run_id.slice(0, 8)})`));
  }
  if (resource.retries > 0) lines.push(to.line("retries", formatCount(resource.retries)));
  return lines;
}

/** How many rows, where they are, and why they were not loaded. */
function rejectionText(
  { by, rows: count, reason, dead_letter, quarantine }: SummaryRejection,
  { dryRun }: SummaryView,
  shorten: (text: string) => string,
): string {
  const place = dead_letter ?? quarantine;
  const kind = dead_letter === undefined ? "quarantine" : "dead letter";
  const where = place === undefined ? ", not kept" : `${dryRun ? " for" : " to"} ${shorten(place)} (${kind})`;
  // The rules that are broken follow, each with its rows.
  return `${rows(count)}${where}${by === "rules" ? "" : `: ${shorten(reason)}`}`;
}

/** Rules that rows break, the most first, and rules of the table that do not hold. */
function validationLines(
  { rules, table }: ValidationSummary,
  line: (label: string, text: string) => string,
): string[] {
  const broken = rules.filter((rule) => rule.rows > 0).sort((a, b) => b.rows - a.rows);
  const texts = broken.slice(0, MOST_RULES).map((rule) =>
    `${rule.name} ${rule.what}: ${rows(rule.rows)}${rule.on_error === "warn" ? " (loaded)" : ""}`
  );
  if (broken.length > MOST_RULES) texts.push(`${broken.length - MOST_RULES} more rules`);
  for (const rule of table.filter(({ passed }) => !passed)) {
    texts.push(`${rule.name} is ${rule.found}, wanted ${rule.wanted}`);
  }
  return texts.map((text, i) => line(i === 0 ? "broken" : "", text));
}

function positionLines(
  summary: RunSummary,
  view: SummaryView,
  line: (label: string, text: string) => string,
): string[] {
  if (summary.state === null) return [];
  const { location, cursor_values, watermarks } = summary.state;
  const known = Object.entries({ ...cursor_values, ...watermarks }).map(([column, value]) =>
    `${column} = ${value}`
  );
  const position = known.length === 0 || isNothingNew(summary, view) ? "" : `, ${known.join(", ")}`;
  return [line("state", `${view.shorten?.(location) ?? location}${position}`)];
}

function hints(summary: RunSummary, view: SummaryView, style: Style): string[] {
  const run = `dataloader run ${view.file}`;
  if (summary.status === "failed") return [];
  if (view.dryRun) return [`${style.code(run)} loads them`];
  if (isNothingNew(summary, view)) return [`${style.code(`${run} --full-refresh`)} loads everything again`];
  const rejections = summary.resources.flatMap((resource) => resource.rejections ?? []);
  const places = new Set(rejections.flatMap((one) => one.dead_letter ?? one.quarantine ?? []));
  if (places.size > 0) {
    const named = [...places].map((place) => view.shorten?.(place) ?? place);
    return [`see why rows were rejected in ${named.join(" and ")}, mend them and load them`];
  }
  if (rejections.some(({ by }) => by === "rules")) {
    return [`${style.code(`${run} --dry-run --report report.html`)} shows rows that break rules`];
  }
  if (rejections.length > 0) return [];
  if (view.limit !== undefined) return [`the position was not moved; ${style.code(run)} loads all`];
  if (view.appendsAll && isFirst(summary)) {
    return [
      `${style.code(run)} adds all rows again; set source.incremental, or write_mode: overwrite or merge, ` +
      "where that is not wanted",
    ];
  }
  return view.incremental && isFirst(summary)
    ? [`${style.code(run)} loads only what is new from now on`]
    : [];
}

/** No commit before those of this run, each of its batches and its end. */
function isFirst(summary: RunSummary): boolean {
  return summary.state !== null && summary.state.sequence <= summary.batches + summary.resources.length;
}

function rows(count: number): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? "row" : "rows"}`;
}
