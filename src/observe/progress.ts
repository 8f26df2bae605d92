/** Draws progress as lines of text. Pure. */
import { formatBytes, formatCount, formatDuration, formatPercent } from "./format.ts";
import type { ProgressState, ResourceProgress } from "./progress_state.ts";
import { cutText, padText, textWidth } from "./text_width.ts";

export type { ProgressState } from "./progress_state.ts";

export interface RenderOptions {
  /** Columns that a line may take; no line is longer. */
  readonly width: number;
  /** Lines at most; what does not fit is counted in the last one. Default 10. */
  readonly maxLines?: number;
  /** Use ANSI colours. */
  readonly color: boolean;
}

const BAR_WIDTH = 20;
const NAME_AT_MOST = 30;

const STYLES = { waiting: "2", running: "36", succeeded: "32", failed: "31" } as const;
const SYMBOLS = { waiting: "·", running: "›", succeeded: "✓", failed: "✗" } as const;

/** One line per resource, the running ones first, and a line for the whole run where there are several. */
export function renderProgress(state: ProgressState, options: RenderOptions): string[] {
  const maxLines = Math.max(1, options.maxLines ?? 10);
  const { resources } = state;
  if (resources.length === 1) {
    return [resourceLine(resources[0]!, nameWidth(resources, options.width), options)];
  }
  const room = Math.max(0, maxLines - 1);
  const shown = resources.length <= room ? resources : byInterest(resources).slice(0, Math.max(0, room - 1));
  const width = nameWidth(shown, options.width);
  const lines = shown.map((resource) => resourceLine(resource, width, options));
  const hidden = resources.length - shown.length;
  if (hidden > 0 && room > 0) lines.push(cutText(`  … and ${hidden} more`, options.width));
  return [...lines, totalLine(state, options)];
}

/** One line of plain text per running resource, for files and pipes. */
export function plainProgress(state: ProgressState): string[] {
  return state.resources
    .filter((resource) => resource.status === "running")
    .map((resource) =>
      `${cutText(resource.name, 200)}: ${facts(resource).map((fact) => fact.text).join(", ")}`
    );
}

interface Fact {
  readonly text: string;
  /** The lowest is left out first where the line is too long. */
  readonly weight: number;
}

function facts(resource: ResourceProgress): Fact[] {
  const { rows, bytes, rowsPerSecond, elapsedMs, remainingMs, fraction, status, note } = resource;
  const running = status === "running";
  const found: (Fact | undefined)[] = [
    fraction !== undefined && running ? { text: formatPercent(fraction), weight: 6 } : undefined,
    // Rows are counted when a batch is committed; until the first is, bytes tell more than "0 rows".
    rows === 0 && bytes > 0 && running
      ? undefined
      : { text: `${formatCount(rows)} ${rows === 1 ? "row" : "rows"}`, weight: 8 },
    bytes > 0 ? { text: formatBytes(bytes), weight: 2 } : undefined,
    rowsPerSecond === undefined || rows === 0
      ? undefined
      : { text: `${formatCount(rowsPerSecond)} rows/s`, weight: 3 },
    // Tenths of a second would flicker while it runs.
    { text: formatDuration(running ? Math.floor(elapsedMs / 1000) * 1000 : elapsedMs), weight: 4 },
    remainingMs === undefined
      ? undefined
      : { text: `ETA ${formatDuration(Math.max(1000, Math.ceil(remainingMs / 1000) * 1000))}`, weight: 5 },
    note === undefined ? undefined : { text: note, weight: 7 },
  ];
  return found.filter((fact) => fact !== undefined);
}

function resourceLine(resource: ResourceProgress, width: number, options: RenderOptions): string {
  const symbol = `${SYMBOLS[resource.status]} `;
  const name = padText(cutText(resource.name, width), width);
  const start = `${symbol}${name}`;
  if (resource.status === "waiting") {
    return paint(cutText(start.trimEnd(), options.width), "waiting", options.color);
  }
  const room = options.width - textWidth(start);
  if (room < 0) return paint(cutText(start, options.width), resource.status, options.color);
  const { bar, rest } = fit(resource, facts(resource), room);
  const { color } = options;
  return paint(symbol, resource.status, color) + name + (bar && paint(bar, resource.status, color)) + rest;
}

/** Leaves out the bar first, then the fact of the lowest weight, until the line fits. */
function fit(resource: ResourceProgress, all: readonly Fact[], room: number): { bar: string; rest: string } {
  const bar = resource.status === "running" && resource.fraction !== undefined
    ? `  ${drawBar(resource.fraction)}`
    : "";
  let kept = [...all];
  let rest = joined(kept);
  if (textWidth(bar) + textWidth(rest) <= room) return { bar, rest };
  while (textWidth(rest) > room && kept.length > 1) {
    const lowest = kept.reduce((least, fact) => fact.weight < least.weight ? fact : least);
    kept = kept.filter((fact) => fact !== lowest);
    rest = joined(kept);
  }
  return { bar: "", rest: textWidth(rest) <= room ? rest : "" };
}

function joined(kept: readonly Fact[]): string {
  return kept.map((fact) => `  ${fact.text}`).join("");
}

function drawBar(fraction: number): string {
  const full = Math.floor(fraction * BAR_WIDTH + 1e-9);
  return "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
}

function totalLine(state: ProgressState, options: RenderOptions): string {
  const { resources } = state;
  const count = (status: ResourceProgress["status"]) =>
    resources.filter((resource) => resource.status === status).length;
  const failed = count("failed");
  const rows = resources.reduce((sum, resource) => sum + resource.rows, 0);
  const done = resources.length - count("waiting") - count("running");
  const parts = [
    `${done}/${resources.length} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${formatCount(rows)} rows`,
    formatDuration(Math.floor(state.elapsedMs / 1000) * 1000),
  ];
  return cutText(`  ${parts.join("  ")}`, options.width);
}

/** The name's column: as wide as the longest name, but at most a third of the line. */
function nameWidth(resources: readonly ResourceProgress[], width: number): number {
  const longest = Math.max(0, ...resources.map((resource) => textWidth(resource.name)));
  return Math.min(longest, NAME_AT_MOST, Math.max(8, Math.floor(width / 3)));
}

const INTEREST = { running: 0, failed: 1, waiting: 2, succeeded: 3 } as const;

function byInterest(resources: readonly ResourceProgress[]): ResourceProgress[] {
  return [...resources].sort((a, b) => INTEREST[a.status] - INTEREST[b.status]);
}

function paint(text: string, style: keyof typeof STYLES, color: boolean): string {
  return color ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}
