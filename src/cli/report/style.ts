/** The report's style sheet: light and dark, on screens and on paper. */
export const STYLE = `
:root { --ink: #1c2430; --dim: #66707f; --line: #dfe3e8; --paper: #fff; --soft: #f5f6f8;
  --accepted: #2f9e6e; --warned: #e0a800; --skipped: #8a94a3; --quarantined: #e8743b; --failed: #d13b4b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --dim: #98a2b1; --line: #353d49; --paper: #171b21; --soft: #20262e; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 26px; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 36px 0 0; }
h3 { font-size: 16px; margin: 32px 0 8px; }
header { border-bottom: 1px solid var(--line); padding-bottom: 12px; }
main > header:not(:first-child) { margin-top: 64px; }
dl { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 0; }
dt { color: var(--dim); font-size: 13px; }
dd { margin: 0; font-weight: 600; }
dd.succeeded { color: var(--accepted); } dd.failed { color: var(--failed); }
.id { color: var(--dim); font-size: 12px; margin: 8px 0 0; font-family: ui-monospace, monospace; }
.error { border-left: 4px solid var(--failed); background: var(--soft); padding: 10px 14px; overflow-wrap: anywhere; }
.error span { color: var(--dim); }
.checked { font-size: 18px; font-weight: 600; margin: 20px 0 8px; }
svg { width: 100%; height: auto; display: block; font: 13px system-ui, sans-serif; }
svg.shares { border-radius: 4px; }
svg text { fill: var(--ink); } svg .label { text-anchor: end; } svg .note { fill: var(--dim); }
figure { margin: 0; }
rect.accepted { fill: var(--accepted); } rect.warned { fill: var(--warned); } rect.skipped { fill: var(--skipped); }
rect.quarantined { fill: var(--quarantined); } rect.failed { fill: var(--failed); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 24px; padding: 0; margin: 10px 0 0; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 7px; }
.legend span, summary span { color: var(--dim); }
i.accepted { background: var(--accepted); } i.warned { background: var(--warned); } i.skipped { background: var(--skipped); }
i.quarantined { background: var(--quarantined); } i.failed { background: var(--failed); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; color: var(--dim); font-weight: 500; white-space: nowrap; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:first-child, td:first-child:not(.fault) { padding-left: 0; }
td { max-width: 320px; overflow-wrap: break-word; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.broken td:first-child { font-weight: 600; }
tbody tr:not(.broken) td.number { color: var(--dim); }
.place { color: var(--dim); font: 12px ui-monospace, monospace; white-space: nowrap; }
.fault { background: color-mix(in srgb, var(--quarantined) 16%, transparent); }
.null { color: var(--dim); font-style: italic; }
details { margin: 0 0 14px; } summary { cursor: pointer; font-weight: 600; margin-bottom: 4px; }
code { font-family: ui-monospace, monospace; font-size: 13px; background: var(--soft); padding: 1px 5px; border-radius: 3px; overflow-wrap: anywhere; }
footer { color: var(--dim); font-size: 12px; margin-top: 48px; }
@media print { details { break-inside: avoid; } main { padding: 0; } }
`;
