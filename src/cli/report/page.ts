/** The report as one HTML page: no script, nothing loaded from elsewhere, all text escaped. */
import { formatDuration } from "../../observe/format.ts";
import type { RuleReport, ValidationReport } from "../../observe/mod.ts";
import { VERSION } from "../../version.ts";
import { type Bar, barChart, type Kind, sharesBar } from "./chart.ts";
import { html } from "./html.ts";
import type { QualityReport, ResourceReport } from "./report.ts";
import { STYLE } from "./style.ts";

export interface PageOptions {
  /** Paths as people see them. */
  readonly path: (path: string) => string;
}

const KIND: Readonly<Record<string, Kind>> = {
  fail: "failed",
  quarantine: "quarantined",
  skip: "skipped",
  warn: "warned",
};

/** Most columns of a sample row that are shown. */
const MOST_COLUMNS = 12;

/** The page. What it shows must have had its secrets taken out. */
export function reportPage(reports: readonly QualityReport[], options: PageOptions): string {
  const title = reports.length === 1 ? `Data quality: ${reports[0]!.summary.recipe}` : "Data quality";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${reports.map((report) => runSection(report, options)).join("\n")}
<footer>dataloader ${html(VERSION)}</footer>
</main>
</body>
</html>
`;
}

function runSection({ summary, resources }: QualityReport, options: PageOptions): string {
  const facts = [
    ["status", summary.status],
    ["started", summary.started_at.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
    ["took", formatDuration(summary.duration_ms)],
    ["read", rows(summary.rows_read)],
    ["written", rows(summary.rows_written)],
    ["rejected", rows(summary.rows_rejected)],
  ];
  const error = summary.error === undefined
    ? ""
    : `<p class="error"><b>${html(summary.error.code ?? "error")}</b> ${html(summary.error.message)}${
      summary.error.hint === undefined ? "" : `<br><span>${html(summary.error.hint)}</span>`
    }</p>`;
  const sections = resources.map((each) => resourceSection(each, { many: resources.length > 1, ...options }));
  return `<header>
<h1>${html(summary.recipe)}</h1>
<dl>${
    facts.map(([name, value]) =>
      `<div><dt>${name}</dt><dd class="${name} ${html(value!)}">${html(value!)}</dd></div>`
    ).join("")
  }</dl>
<p class="id">run ${html(summary.run_id)}</p>
</header>
${error}
${sections.length === 0 ? "<p>The recipe has no <code>validation</code>.</p>" : sections.join("\n")}`;
}

function resourceSection(
  { resource, validation }: ResourceReport,
  options: PageOptions & { many: boolean },
): string {
  const broken = validation.rules.filter((rule) => rule.rows > 0).sort((a, b) => b.rows - a.rows);
  const bars = broken.map((rule): Bar => ({
    label: rule.name,
    value: rule.rows,
    note: `${count(rule.rows)} (${share(rule.fraction)})`,
    kind: KIND[rule.on_error] ?? "warned",
  }));
  return `<section>
${options.many ? `<h2>${html(resource)}</h2>` : ""}
${overview(validation, options)}
${
    bars.length === 0
      ? ""
      : `<h3>Rows that break rules</h3>\n<figure>${barChart(bars, "Rows that break each rule")}</figure>`
  }
<h3>Rules</h3>
${rulesTable(validation.rules, options)}
${validation.table.length === 0 ? "" : tableRules(validation, options)}
${broken.length === 0 ? "" : `<h3>Samples</h3>\n${broken.map((rule) => samples(rule)).join("\n")}`}
</section>`;
}

function overview(validation: ValidationReport, options: PageOptions): string {
  const parts: { kind: Kind; value: number; what: string }[] = [
    { kind: "accepted", value: validation.rows_accepted - validation.rows_warned, what: "accepted" },
    { kind: "warned", value: validation.rows_warned, what: "accepted with a warning" },
    { kind: "skipped", value: validation.rows_skipped, what: "skipped" },
    { kind: "quarantined", value: validation.rows_quarantined, what: "quarantined" },
    { kind: "failed", value: validation.rows_failed, what: "stopped the run" },
  ];
  const shown = parts.filter(({ kind, value }) => kind === "accepted" || value > 0);
  const of = (value: number) => share(validation.rows_checked === 0 ? 0 : value / validation.rows_checked);
  const legend = shown.map(({ kind, value, what }) =>
    `<li><i class="${kind}"></i><b>${count(value)}</b> ${what} <span>${of(value)}</span></li>`
  );
  const place = validation.quarantine === undefined || validation.rows_quarantined === 0
    ? ""
    : `<p>Quarantined rows are in <code>${html(options.path(validation.quarantine))}</code>.</p>`;
  return `<p class="checked">${rows(validation.rows_checked)} checked</p>
${sharesBar(parts)}
<ul class="legend">${legend.join("")}</ul>
${place}`;
}

function rulesTable(rules: readonly RuleReport[], options: PageOptions): string {
  const lines = rules.map((rule) =>
    `<tr${rule.rows > 0 ? ` class="broken"` : ""}><td>${html(rule.name)}</td><td>${
      html(rule.columns.join(", "))
    }</td><td>${html(rule.what)}</td><td>${html(rule.severity)}</td><td>${
      html(rule.on_error)
    }</td><td class="number">${count(rule.rows)}</td><td class="number">${
      share(rule.fraction)
    }</td><td class="place">${place(rule, options)}</td></tr>`
  );
  return `<div class="scroll"><table>
<thead><tr><th>rule</th><th>column</th><th>broken where it</th><th>severity</th><th>on error</th><th class="number">rows</th><th class="number">share</th><th>place</th></tr></thead>
<tbody>${lines.join("\n")}</tbody>
</table></div>`;
}

function tableRules(validation: ValidationReport, options: PageOptions): string {
  const lines = validation.table.map((rule) =>
    `<tr${rule.passed ? "" : ` class="broken"`}><td>${html(rule.name)}</td><td>${
      rule.passed ? "holds" : "is broken"
    }</td><td>${html(rule.found)}</td><td>${html(rule.wanted)}</td><td>${
      html(rule.on_error)
    }</td><td class="place">${place(rule, options)}</td></tr>`
  );
  return `<h3>Rules of the table</h3>
<div class="scroll"><table>
<thead><tr><th>rule</th><th></th><th>found</th><th>wanted</th><th>on error</th><th>place</th></tr></thead>
<tbody>${lines.join("\n")}</tbody>
</table></div>`;
}

function place({ location }: Pick<RuleReport, "location">, options: PageOptions): string {
  if (location === undefined) return "";
  return html(`${options.path(location.file)}:${location.line}:${location.column}`);
}

function samples(rule: RuleReport): string {
  const columns = [...new Set(rule.samples.flatMap(({ row }) => Object.keys(row)))];
  const named = new Set(rule.columns);
  const first = columns.filter((name) => named.has(name));
  const shown = [...first, ...columns.filter((name) => !named.has(name))].slice(0, MOST_COLUMNS);
  const more = columns.length > shown.length ? `<th>… ${columns.length - shown.length} more</th>` : "";
  const lines = rule.samples.map(({ row, message }) =>
    `<tr>${
      shown.map((name) => `<td${named.has(name) ? ` class="fault"` : ""}>${cell(row[name])}</td>`).join("")
    }${more === "" ? "" : "<td></td>"}<td>${html(message)}</td></tr>`
  );
  return `<details open><summary>${html(rule.name)} <span>${rows(rule.rows)}</span></summary>
<div class="scroll"><table>
<thead><tr>${shown.map((name) => `<th>${html(name)}</th>`).join("")}${more}<th></th></tr></thead>
<tbody>${lines.join("\n")}</tbody>
</table></div></details>`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return `<span class="null">NULL</span>`;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === "") return `<span class="null">''</span>`;
  return html(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function rows(number: number): string {
  return `${count(number)} ${number === 1 ? "row" : "rows"}`;
}

/** A share that is not nothing and not all never reads as either. */
function share(fraction: number): string {
  const percent = fraction * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  if (percent < 100 && percent > 99.99) return "> 99.99 %";
  return `${Number(percent.toFixed(2))} %`;
}
