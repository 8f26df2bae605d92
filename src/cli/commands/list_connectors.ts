import { registerBuiltins } from "../../builtin.ts";
import {
  connectorNames,
  findConnector,
  findFormat,
  findTransform,
  formatNames,
  transformNames,
} from "../../sdk/mod.ts";
import type { Call } from "../call.ts";
import { renderTable, type TableColumn } from "../table.ts";

export interface ListOptions {
  readonly all?: true;
  readonly json?: true;
}

/** How narrow columns may be made that give way on a narrow terminal; others are left out before they are cut. */
const GIVES_WAY: Record<string, number> = { files: 8, summary: 24 };

/** `list-connectors`. */
export function listConnectors(call: Call, options: ListOptions): void {
  registerBuiltins();
  const connectors = connectorNames().map(connectorRow);
  const transforms = transformNames().map((name) => ({ name, summary: findTransform(name)!.summary }));
  const formats = formatNames().map((name) => {
    const { summary, extensions, compressions, ...can } = findFormat(name)!;
    return {
      name,
      read: (can.scan ?? can.openScan ?? can.readArrow) !== undefined,
      write: (can.copyOptions ?? can.writeArrow) !== undefined,
      extensions,
      compressions,
      summary,
    };
  });
  if (options.json) {
    call.printJson(options.all ? { connectors, transforms, formats } : connectors, { indent: true });
    return;
  }
  show(
    call,
    ["connector", "read", "write", "summary", "modes", "incremental", "tier"],
    connectors.map((c) => [
      c.name,
      yes(c.read),
      yes(c.write),
      c.summary,
      list(c.write_modes),
      list(c.incremental),
      c.tier,
    ]),
  );
  if (!options.all) return;
  call.print();
  show(call, ["transform", "summary"], transforms.map((t) => [t.name, t.summary]));
  call.print();
  show(
    call,
    ["format", "read", "write", "files", "summary"],
    formats.map((f) => [f.name, yes(f.read), yes(f.write), f.extensions.join(" "), f.summary]),
  );
}

function connectorRow(name: string) {
  const { summary, capabilities: can } = findConnector(name)!;
  return {
    name,
    read: can.read,
    write: can.write,
    write_modes: can.writeModes,
    merge_strategies: can.mergeStrategies,
    incremental: can.incremental,
    transactions: can.transactions,
    tier: can.tier,
    summary,
  };
}

function show(call: Call, titles: readonly string[], rows: readonly string[][]): void {
  const columns: TableColumn[] = titles.map((title) => ({ title, min: GIVES_WAY[title] ?? 40 }));
  const { lines, hidden } = renderTable(columns, rows, {
    width: call.io.stdout.columns,
    style: call.out,
    paint: (text, column) => column === 0 ? call.out.name(text) : text,
  });
  for (const line of lines) call.print(line);
  if (hidden.length > 0) {
    call.note(call.err.dim(`Not shown for lack of room: ${hidden.join(", ")} (--json has all)`));
  }
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

function list(values: readonly string[]): string {
  return values.length === 0 ? "-" : values.join(" ");
}
