/** Finding the row of a staged batch that the system refuses, where a statement over all of them does not tell. */
import { ConnectorError, type Json } from "../../sdk/mod.ts";
import type { SqlDriver } from "./dialect.ts";
import type { FittedColumn } from "./fit.ts";
import { ROW_COLUMN, type Staged, valueOf } from "./merge.ts";
import type { SqlColumn } from "./table.ts";

/** Codes that speak of values in rows. */
const ROW_FAULTS = new Set(["VALUE_ERROR", "CONSTRAINT_VIOLATED"]);
const PART = "_dataloader_part";

/**
 * Applies the staged rows. Where one of them is refused, halves are tried at the server, which takes about as long as applying all
 * of them once more and sends nothing again.
 * @throws {ConnectorError} what the system said, with `context.row` and the row itself where one is refused on its own.
 */
export async function locate<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  apply: (table: string) => Promise<number>,
): Promise<number> {
  let failed: ConnectorError | undefined;
  const written = await driver.attempt(() => apply(staged.table)).catch((error) => {
    if (!(error instanceof ConnectorError) || !ROW_FAULTS.has(error.code)) throw error;
    failed = error;
    return 0;
  });
  if (failed === undefined) return written;
  const { rows } = staged.loaded;
  // Whoever looks for bad rows tries the rows up to one of them.
  const last = await tryPart(driver, { staged, from: rows - 1, to: rows, apply });
  if (last !== undefined) throw await named(driver, last, { staged, row: rows });
  let [from, to] = [0, rows];
  while (to - from > 1) {
    const middle = from + Math.floor((to - from) / 2);
    if (await tryPart(driver, { staged, from, to: middle, apply }) !== undefined) to = middle;
    else from = middle;
  }
  const found = await tryPart(driver, { staged, from, to, apply });
  // Rows that are refused only together: there is no one row to name.
  throw found === undefined ? failed : await named(driver, found, { staged, row: to });
}

async function tryPart<C extends SqlColumn>(
  driver: SqlDriver<C>,
  of: { staged: Staged<C>; from: number; to: number; apply: (table: string) => Promise<number> },
): Promise<ConnectorError | undefined> {
  const { quote, statements, types } = driver.dialect;
  const { columns, table } = of.staged;
  const definitions = columns.map(({ column, conversion }) =>
    `${quote(column.name)} ${conversion.staged?.type ?? column.type}`
  );
  const names = [...columns.map((c) => quote(c.column.name)), quote(ROW_COLUMN)].join(", ");
  try {
    await driver.undone(async () => {
      await driver.run(
        statements.createTemporary(quote(PART), [...definitions, `${quote(ROW_COLUMN)} ${types.int64}`]),
      );
      const part = statements.temporary(quote(PART));
      await driver.run(
        `INSERT INTO ${part} (${names}) SELECT ${names} FROM ${table} WHERE ${
          quote(ROW_COLUMN)
        } > ${of.from} AND ${quote(ROW_COLUMN)} <= ${of.to}`,
      );
      await of.apply(part);
      await driver.checkDeferred?.();
    });
    return undefined;
  } catch (error) {
    if (error instanceof ConnectorError && ROW_FAULTS.has(error.code)) return error;
    throw error;
  }
}

async function named<C extends SqlColumn>(
  driver: SqlDriver<C>,
  error: ConnectorError,
  at: { staged: Staged<C>; row: number },
): Promise<ConnectorError> {
  const { quote, types } = driver.dialect;
  const where = `FROM ${at.staged.table} AS s WHERE ${quote(ROW_COLUMN)} = ${at.row}`;
  const column = at.staged.columns.find((c) => c.column.name === error.context.column) ??
    await uncastable(driver, at.staged, where);
  const context: Record<string, Json> = { ...error.context, row: at.row };
  let place = `row ${at.row} of the batch`;
  if (column !== undefined) {
    const { name } = column.column;
    const [found] = await driver.query<{ value: string | null }>(
      `SELECT CAST(s.${quote(name)} AS ${types.text}) AS value ${where}`,
    );
    const value = found?.value?.slice(0, 200) ?? null;
    Object.assign(context, { column: name, value });
    place += `, column "${name}", value ${value === null ? "NULL" : `"${value}"`}`;
  }
  // What the system could tell of the place stands in brackets at the end.
  const message = error.message.replace(/( \((row|column|value) [^\n]*\))?\.?$/, "");
  return new ConnectorError(error.code, `${message} (${place}).`, {
    hint: error.hint,
    context,
    cause: error.cause,
  });
}

/** The first column whose text the system can't read: it names the text, but not where it stands. */
async function uncastable<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  where: string,
): Promise<FittedColumn<C> | undefined> {
  for (const column of staged.columns) {
    if (column.conversion.staged === undefined) continue;
    try {
      await driver.attempt(() => driver.query(`SELECT ${valueOf(driver, column)} AS value ${where}`));
    } catch (error) {
      if (error instanceof ConnectorError && ROW_FAULTS.has(error.code)) return column;
      throw error;
    }
  }
  return undefined;
}
