/** What a load would do, for plans. */
import { type LoadRequest, type Schema, type WriteDescription, type WriteOptions } from "../../sdk/mod.ts";
import { plannedChanges } from "./change_table.ts";
import type { Meeting, SqlDriver } from "./dialect.ts";
import { fitSchema } from "./fit.ts";
import { findKeys, requireTargetKeys } from "./keys.ts";
import { LOADS_TABLE } from "./loads.ts";
import { ROW_COLUMN, valueOf } from "./merge.ts";
import { checkScd2, VALID_FROM, VALID_TO } from "./scd2.ts";
import { findColumn, nameOf, type SqlColumn, type SqlTable, type Target } from "./table.ts";

/** The statements of a load and what it changes; nothing is written. */
export async function describeLoad<C extends SqlColumn>(
  driver: SqlDriver<C>,
  schema: Schema,
  of: { target: Target; request: LoadRequest } & WriteOptions,
): Promise<WriteDescription> {
  const { target, request } = of;
  const { dialect } = driver;
  const table = await driver.readTable(target);
  const replaces = request.mode === "overwrite" || request.fullRefresh;
  const keys = request.mode === "merge" ? findKeys(schema, request.mergeKeys) : [];
  const scd2 = request.mode === "merge" && request.strategy === "scd2";
  if (request.mode === "merge") requireTargetKeys(table, keys, target);
  if (scd2) checkScd2(schema, replaces ? undefined : table, { target, keys });
  if (replaces && table !== undefined) await driver.overwrite.check(target);
  const changes = of.changes === undefined
    ? fitSchema(schema, table, { target, retype: replaces, keys: scd2 ? [] : keys, dialect }).changes
    : plannedChanges(driver, of.changes, { target, table, keys: scd2 ? [] : keys });
  const statements = [
    ...changes.flatMap((change) => change.statement ?? []),
    ...(replaces
      ? replacing(driver, schema, { target, live: table !== undefined })
      : writing(driver, schema, {
        ...of,
        table,
        keys,
      })),
    `INSERT INTO ${dialect.quote(target.schema)}.${LOADS_TABLE} …`,
  ];
  return { statements, changes, warnings: warnings(schema, table, { target, replaces }) };
}

function replacing<C extends SqlColumn>(
  driver: SqlDriver<C>,
  schema: Schema,
  of: { target: Target; live: boolean },
): string[] {
  const columns = schema.fields.map((f) => driver.dialect.quote(f.name)).join(", ");
  return [`-- each batch into a staging table (${columns}); at the end, in one transaction:`].concat(
    driver.overwrite.describe(of.target, of.live),
  );
}

function writing<C extends SqlColumn>(
  driver: SqlDriver<C>,
  schema: Schema,
  of: { target: Target; request: LoadRequest; table: SqlTable<C> | undefined; keys: readonly string[] },
): string[] {
  const { quote, convert, differs, statements } = driver.dialect;
  const columns = schema.fields.map((field) => {
    const column = of.table && findColumn(of.table, field.name);
    const conversion = column && convert(field.type, column);
    return { name: column?.name ?? field.name, field, column, conversion };
  });
  const staged = columns.some((c) => c.conversion?.staged !== undefined);
  const names = columns.map((c) => quote(c.name));
  if (of.request.mode === "append" && !staged) {
    return [driver.bulkStatement(of.target.sql, columns.map((c) => c.name))];
  }
  const temporary = statements.temporary(quote("_dataloader_batch"));
  const values = columns.map((c) =>
    c.column === undefined || c.conversion === undefined
      ? `s.${quote(c.name)}`
      : valueOf(driver, { field: c.field, column: c.column, conversion: c.conversion })
  );
  const keyNames = of.keys.map((key) => columns.find((c) => c.field.name === key)!.name);
  const others = columns.map((c, i) => ({ ...c, value: values[i]! })).filter((c) =>
    !keyNames.includes(c.name)
  );
  const meeting: Meeting = {
    target: of.target.sql,
    staged: temporary,
    keys: keyNames.map(quote),
    columns: names,
    values,
    differs: (side) =>
      others.length === 0 ? undefined : others.map(({ name, column, value }) => {
        const sides = { left: `t.${quote(name)}`, right: side === "s" ? value : `excluded.${quote(name)}` };
        return column === undefined
          ? `${sides.left} IS DISTINCT FROM ${sides.right}`
          : differs(column, sides);
      }).join(" OR "),
  };
  const copy = driver.bulkStatement(temporary, [...columns.map((c) => c.name), ROW_COLUMN]);
  if (of.request.mode === "append") return [copy, statements.insert(meeting)];
  const unique = of.table === undefined ||
    of.table.keys.some((key) =>
      key.usable && key.columns.length === keyNames.length &&
      keyNames.every((name) => key.columns.includes(name))
    );
  switch (of.request.strategy) {
    case "upsert":
      return unique && statements.upsert !== undefined
        ? [copy, statements.upsert(meeting)]
        : [copy, statements.updateMatching(meeting), statements.insertMissing(meeting)];
    case "insert_only":
      return [
        copy,
        unique && statements.insertNew !== undefined
          ? statements.insertNew(meeting)
          : statements.insertMissing(meeting),
      ];
    case "delete_insert":
      return [copy, statements.deleteMatching(meeting), statements.insert(meeting)];
    case "scd2":
      return [
        copy,
        `UPDATE ${of.target.sql} SET ${VALID_TO} = … WHERE (${meeting.keys.join(", ")}) has changed`,
        `INSERT INTO ${of.target.sql} (${names.join(", ")}, ${VALID_FROM}, ${VALID_TO}) SELECT …`,
      ];
  }
}

function warnings(
  schema: Schema,
  table: SqlTable | undefined,
  of: { target: Target; replaces: boolean },
): string[] {
  const names = new Set(schema.fields.map((f) => f.name.toLowerCase()));
  const missing = (table?.columns ?? []).filter((c) => !c.generated).map((c) => c.name)
    .filter((name) => !names.has(name.toLowerCase()) && !/^_valid_(from|to)$/i.test(name));
  if (missing.length === 0) return [];
  const what = of.replaces
    ? "will be NULL or their default in all rows"
    : "are left as they are, or NULL or their default in new rows";
  return [
    `Columns of ${nameOf(of.target)} are not loaded and ${what}: ${missing.slice(0, 10).join(", ")}`,
  ];
}
