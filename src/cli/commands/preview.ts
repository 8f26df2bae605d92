import { counted, formatType, type LogicalType } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { cellText, csvCell, jsonCell } from "../cells.ts";
import { renderTable } from "../table.ts";
import { wrap } from "../width.ts";

export interface PreviewOptions extends RecipeOptions {
  readonly limit: number;
  readonly fromStart?: true;
  readonly format: "table" | "json" | "csv";
  readonly stateDir?: string;
}

/** Widest a column is shown, so that one long text does not hide the others. */
const WIDEST_CELL = 60;

/** Columns that are left out and named. */
const MOST_NAMED = 10;

/** A column is left out (and named) before it is made narrower. */
const NARROWEST_CELL = 10;

/** `preview`: the first rows as the destination would get them. */
export async function showPreview(call: Call, recipe: string, options: PreviewOptions): Promise<void> {
  const prepared = await call.prepare(recipe, options);
  const { plan } = prepared;
  const { previewSandboxed } = await import("../../app/sandboxed.ts");
  const previews = await previewSandboxed(prepared, {
    stateDirectory: call.stateDirectory(options.stateDir, plan.state),
    limit: options.limit,
    fromStart: options.fromStart,
  });
  previews.forEach(({ schema, rows }, i) => {
    const many = previews.length > 1;
    if (many && options.format === "table") call.print(call.out.strong(plan.resources[i]!.name));
    const fields = schema.fields;
    switch (options.format) {
      case "table":
        printTable(call, fields, rows);
        break;
      case "json":
        printJsonRows(call, fields, rows);
        break;
      case "csv":
        printCsv(call, fields, rows);
        break;
    }
    const incremental = plan.resources[i]!.source.incremental !== undefined;
    if (rows.length === 0 && incremental && !options.fromStart) {
      call.note(
        call.err.dim("There is nothing new to load; --from-start shows rows that were loaded before."),
      );
    }
  });
}

type Fields = readonly { readonly name: string; readonly type: LogicalType }[];

function printTable(call: Call, fields: Fields, rows: readonly unknown[][]): void {
  const columns = fields.map(({ name, type }) => ({
    title: name,
    subtitle: formatType(type),
    min: NARROWEST_CELL,
    align: isNumber(type) ? "right" as const : "left" as const,
  }));
  const cells = rows.map((row) =>
    row.map((value, i) => call.redactor.text(cellText(value, fields[i]!.type, WIDEST_CELL)))
  );
  const { lines, hidden } = renderTable(columns, cells, {
    width: call.io.stdout.columns,
    style: call.out,
    paint: (text, column, row) => rows[row]![column] === null ? call.out.dim(text) : text,
  });
  for (const line of lines) call.print(line);
  const count = counted(rows.length, "row");
  const more = hidden.length === 0
    ? ""
    : `; no room for ${hidden.length === 1 ? "one more column" : `${hidden.length} more columns`}: ${
      hidden.slice(0, MOST_NAMED).join(", ")
    }${hidden.length > MOST_NAMED ? ` and ${hidden.length - MOST_NAMED} others` : ""}`;
  for (const line of wrap(`${count}${more}`, call.io.stderr.columns)) call.note(call.err.dim(line));
}

function printJsonRows(call: Call, fields: Fields, rows: readonly unknown[][]): void {
  for (const row of rows) {
    call.printJson(Object.fromEntries(fields.map(({ name, type }, i) => [name, jsonCell(row[i], type)])));
  }
}

function printCsv(call: Call, fields: Fields, rows: readonly unknown[][]): void {
  const line = (cells: readonly string[]) => call.printClean(`${cells.join(",")}\n`);
  line(fields.map(({ name }) => csvCell(name)));
  for (const row of rows) {
    line(
      row.map((value, i) =>
        value === null ? "" : csvCell(call.redactor.text(cellText(value, fields[i]!.type)))
      ),
    );
  }
}

function isNumber(type: LogicalType): boolean {
  return type.kind === "integer" || type.kind === "float" || type.kind === "decimal";
}
