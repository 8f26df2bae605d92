/** Runs a user's function over a batch, piece by piece, so that memory stays bounded. */
import * as arrow from "apache-arrow";
import {
  type Batch,
  type Field,
  formatType,
  type FunctionContext,
  quoteIdent,
  type Row,
  type Schema,
  type Session,
  type StepContext,
  TransformError,
} from "../sdk/mod.ts";
import { conversion } from "./cast_conversion.ts";
import { isRefusal } from "./cast_rules.ts";
import { ColumnIndex, fold, listNames, showName } from "./columns.ts";
import { declaredSchema, type FunctionConfig, paramsOf } from "./function.ts";
import { callFunction, loadFunction } from "./function_module.ts";
import { asRowSql, carrier, toRecordBatch, toRows, typeOf } from "./function_rows.ts";
import { emptySelect } from "./schema_sql.ts";

/** What the function returned, as it comes. */
type Call = (input: unknown, call: number) => Promise<unknown>;

/** Gives the rows of a batch to the function; what it returns is a batch again. */
export async function runFunction(
  batch: Batch,
  config: FunctionConfig,
  context: StepContext & { session: Session },
): Promise<Batch> {
  const fn = await loadFunction(config);
  const base: Omit<FunctionContext, "call"> = {
    params: paramsOf(config),
    vars: context.vars,
    recipe: context.recipe,
    resource: context.resource,
    schema: batch.schema,
    log: context.log,
    signal: context.signal,
    arrow,
  };
  const call: Call = (input, number) => {
    context.signal.throwIfAborted();
    return callFunction(fn, input, { config, context: { ...base, call: number } });
  };
  return config.mode === "rows"
    ? await runOnRows(batch, config, { session: context.session, call })
    : await runOnArrow(batch, config, { session: context.session, call });
}

interface Run {
  readonly session: Session;
  readonly call: Call;
}

async function runOnRows(batch: Batch, config: FunctionConfig, { session, call }: Run): Promise<Batch> {
  let schema = declaredSchema(config);
  const readable = await session.relation(
    `SELECT ${batch.schema.fields.map(asRowSql).join(", ")} FROM (${batch.sql})`,
  );
  const results = async function* () {
    let row = 1;
    for await (const rows of returnedRows(readable, batch.schema, { config, call })) {
      if (rows.length === 0) continue;
      const known = schema ??= inferSchema(rows, batch.schema);
      checkKeys(rows, known, { declared: config.columns !== undefined, firstRow: row });
      yield toRecordBatch(rows, known, row);
      row += rows.length;
    }
  };
  const iterator = results();
  const first = await iterator.next();
  const output = schema ?? batch.schema;
  if (first.done) return await session.relation(emptySelect(output));
  const carried = await session.fromArrow(prepend(first.value, iterator), {
    schema: {
      fields: output.fields.map((field) => ({ ...field, type: carrier(field.type), nullable: true })),
    },
  });
  return await session.relation(converted(carried, output));
}

async function* returnedRows(
  readable: Batch,
  schema: Schema,
  { config, call }: { config: FunctionConfig; call: Call },
): AsyncIterable<Row[]> {
  let calls = 0;
  for await (const piece of readable.toArrow({ rowsPerBatch: config.batch_size })) {
    if (piece.numRows > 0) yield checkRows(await call(toRows(piece, schema), calls++));
  }
  // A function may have rows of its own, and its mistakes should not wait for the first row.
  if (calls === 0) yield checkRows(await call([], calls));
}

function checkRows(result: unknown): Row[] {
  if (!Array.isArray(result)) {
    throw resultError(`the function returned ${kindOf(result)}, not an array of rows`, {
      hint: result === undefined
        ? "return the rows; an arrow function with {} needs a `return`"
        : "return an array of objects, or set `mode: arrow` for record batches",
    });
  }
  const wrong = result.findIndex((row) => typeof row !== "object" || row === null || Array.isArray(row));
  if (wrong >= 0) {
    throw resultError(`the function returned ${kindOf(result[wrong])} as row ${wrong + 1}, not an object`, {
      hint: "return an array of objects: one property a column; leave rows out with filter()",
    });
  }
  return result;
}

/** Input columns that are still there keep type and order; new ones follow. */
function inferSchema(rows: readonly Row[], input: Schema): Schema {
  const first = new Map<string, unknown>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (first.get(name) === undefined || first.get(name) === null) first.set(name, value);
    }
  }
  const names = new Set(input.fields.map((field) => field.name));
  const fields: Field[] = [
    ...input.fields.filter((field) => first.has(field.name)),
    ...[...first].filter(([name]) => !names.has(name)).map(([name, value]) => ({
      name,
      type: typeOf(value),
      nullable: true,
    })),
  ];
  const folded = new Map<string, string>();
  for (const { name } of fields) {
    const other = folded.get(fold(name));
    if (other !== undefined) {
      throw resultError(`the function returned columns ${showName(other)} and ${showName(name)}`, {
        hint: "names that differ in case only are the same column: keep one of them",
      });
    }
    folded.set(fold(name), name);
  }
  if (fields.length === 0) {
    throw resultError("the function returned rows without columns", {
      hint: "return objects with properties",
    });
  }
  return { fields };
}

function checkKeys(
  rows: readonly Row[],
  schema: Schema,
  { declared, firstRow }: { declared: boolean; firstRow: number },
): void {
  const known = new Set(schema.fields.map((field) => field.name));
  for (const [i, row] of rows.entries()) {
    for (const name in row) {
      if (known.has(name)) continue;
      throw resultError(
        `row ${firstRow + i} of the result has a column ${showName(name)} that ` +
          (declared ? "`columns` does not name" : "the first rows did not have"),
        {
          hint: declared
            ? `name it in \`columns\`, or leave it out; they are: ${listNames([...known])}`
            : "declare all columns of the result in `columns`",
          context: { column: name, row: firstRow + i },
        },
      );
    }
  }
}

async function runOnArrow(batch: Batch, config: FunctionConfig, { session, call }: Run): Promise<Batch> {
  const declared = declaredSchema(config);
  const results = async function* () {
    let calls = 0;
    let schema: arrow.Schema | undefined;
    for await (const piece of batch.toArrow({ rowsPerBatch: config.batch_size })) {
      if (piece.numRows === 0) continue;
      for (const result of checkArrow(await call(piece, calls++))) {
        checkSameSchema(schema ??= result.schema, result.schema);
        yield result;
      }
    }
    if (calls === 0) yield* checkArrow(await call(await emptyPiece(batch), calls));
  };
  const output = await session.fromArrow(results());
  return declared === undefined ? output : await session.relation(converted(output, declared));
}

/** An empty record batch of the batch's Arrow types: those that a row of NULLs has. */
async function emptyPiece(batch: Batch): Promise<arrow.RecordBatch> {
  const nulls = await batch.session.relation(
    `${emptySelect(batch.schema).replace(/ WHERE false$/, "")}`,
  );
  for await (const piece of nulls.toArrow()) return piece.slice(0, 0);
  throw new TransformError("FUNCTION_FAILED", "no record batch could be made for an empty input");
}

/** By shape, not by class: the user's module may import a copy of apache-arrow of its own. */
function checkArrow(result: unknown): arrow.RecordBatch[] {
  if (typeof result === "object" && result !== null && "schema" in result) {
    if ("batches" in result && Array.isArray(result.batches)) return result.batches;
    if ("numRows" in result && "data" in result) return [result as arrow.RecordBatch];
  }
  throw resultError(`the function returned ${kindOf(result)}, not an Arrow record batch or table`, {
    hint: "return a RecordBatch or Table of apache-arrow (`context.arrow`), or set `mode: rows` for objects",
  });
}

function checkSameSchema(first: arrow.Schema, schema: arrow.Schema): void {
  const shown = (each: arrow.Schema) => each.fields.map((field) => `${field.name}: ${field.type}`).join(", ");
  if (shown(first) === shown(schema)) return;
  throw resultError("the function returned record batches with different columns", {
    hint: `the first had ${shown(first).slice(0, 300)}; a later one ${shown(schema).slice(0, 300)}`,
  });
}

/** A SELECT that gives what came back the columns and types it shall have. */
function converted(batch: Batch, schema: Schema): string {
  const index = new ColumnIndex(batch.schema);
  const names = new Set(schema.fields.map((field) => fold(field.name)));
  const extra = batch.schema.fields.find((field) => !names.has(fold(field.name)));
  if (extra !== undefined) {
    throw resultError(`the result has a column ${showName(extra.name)} that \`columns\` does not name`, {
      hint: `name it in \`columns\`, or leave it out; they are: ${
        listNames(schema.fields.map((f) => f.name))
      }`,
      context: { column: extra.name },
    });
  }
  const columns = schema.fields.map((field) => {
    const source = index.find(field.name);
    if (source === undefined) {
      throw resultError(`the result has no column ${showName(field.name)}, which \`columns\` names`, {
        hint: "return it, or take it out of `columns`",
        context: { column: field.name },
      });
    }
    const found = conversion(source.type, field.type, { lossy: false });
    if (isRefusal(found)) {
      throw resultError(`column ${showName(field.name)} of the result: ${found.refused}`, {
        hint: `return ${formatType(field.type)}, or correct \`columns\``,
        context: { column: field.name },
      });
    }
    return `${found.strict(quoteIdent(source.name))} AS ${quoteIdent(field.name)}`;
  });
  return `SELECT ${columns.join(", ")} FROM (${batch.sql})`;
}

async function* prepend<T>(first: T, rest: AsyncIterator<T>): AsyncIterable<T> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function resultError(
  message: string,
  options: { hint: string; context?: Record<string, string | number> },
): TransformError {
  return new TransformError("FUNCTION_RESULT", message, options);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? `a ${value.constructor?.name ?? "object"}` : `a ${typeof value}`;
}
