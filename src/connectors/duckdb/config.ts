/** The keys of a `type: duckdb` block, and the checks that need the whole picture. */
import { z } from "zod";
import { asPath, type ConfigProblem, type PlannedRead, type PlannedWrite } from "../../sdk/mod.ts";
import { checkIncremental } from "../_sql/check.ts";
import { parseTableName } from "./names.ts";

/** Schema of the block, without `type` and the keys of the engine's. */
export const DuckdbConfig = z.strictObject({
  database: asPath(z.string().min(1)).describe(
    "Path of the DuckDB database file, or :memory: for one that is gone after the run. As a destination it is made " +
      "where it is missing; as a source it must be there.",
  ),
  table: z.string().min(1).optional().describe(
    'Table to load into, or table or view to read: name, schema.name, or with quotes "odd.name"."a table".',
  ),
  query: z.string().min(1).optional().describe(
    "SELECT to read instead of a table. Names without a database are those of the file. For sources only.",
  ),
  schema: z.string().min(1).optional().describe(
    "Schema of a table written without one, and where names in the query are looked up first. Default: main.",
  ),
});

/** The parsed block. */
export type DuckdbConfig = z.infer<typeof DuckdbConfig>;

const RESERVED = /^_dataloader_/i;

/** Problems of a source block. Pure. */
export function checkRead(config: DuckdbConfig, request: PlannedRead): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.table === undefined && config.query === undefined) {
    problems.push({
      key: ["table"],
      message: "A duckdb source needs a table or a query.",
      hint: "add table: name, or query: SELECT …",
      dependsOn: ["query"],
    });
  }
  if (config.table !== undefined && config.query !== undefined) {
    problems.push({
      key: ["query"],
      message: "A duckdb source takes a table or a query, not both.",
      hint: "remove one of them",
    });
  }
  problems.push(...checkTable(config));
  const incremental = request.incremental;
  if (incremental !== undefined) {
    if (!["cursor", "timestamp", "watermark"].includes(incremental.strategy)) {
      problems.push({
        key: ["incremental", "strategy"],
        message: `A duckdb source can't read by "${incremental.strategy}".`,
        hint: "use cursor, timestamp or watermark",
      });
    } else problems.push(...checkIncremental(incremental, request.writeMode));
  }
  return problems;
}

/** Problems of a destination block. Pure. */
export function checkWrite(config: DuckdbConfig, _request: PlannedWrite): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.query !== undefined) {
    problems.push({
      key: ["query"],
      message: "A destination has no query.",
      hint: "name the table to load into",
    });
  }
  if (config.table === undefined) {
    problems.push({
      key: ["table"],
      message: "A duckdb destination needs a table.",
      hint: "add table: name; it is created where it is missing",
    });
  }
  problems.push(...checkTable(config));
  if (config.table !== undefined && RESERVED.test(parseTableName(config.table)?.name ?? "")) {
    problems.push({
      key: ["table"],
      message: `Tables named _dataloader_… are dataloader's own: "${config.table}" can't be loaded into.`,
      hint: "choose another name",
    });
  }
  return problems;
}

function checkTable(config: DuckdbConfig): ConfigProblem[] {
  if (config.table === undefined) return [];
  const name = parseTableName(config.table);
  if (name === undefined) {
    return [{
      key: ["table"],
      message: `"${config.table}" is no table name.`,
      hint: 'write name or schema.name, with quotes around parts that hold a dot: "odd.name"',
    }];
  }
  if (name.schema !== undefined && config.schema !== undefined && name.schema !== config.schema) {
    return [{
      key: ["schema"],
      message: `The table is in schema "${name.schema}", but schema says "${config.schema}".`,
      hint: "name the schema in one place",
      dependsOn: ["table"],
    }];
  }
  return [];
}

/** One line for people. */
export function describeConfig(config: DuckdbConfig): string {
  const name = config.table === undefined ? undefined : parseTableName(config.table);
  const file = config.database.split(/[\\/]/).at(-1) ?? config.database;
  if (name === undefined) return `${file}: query`;
  return `${file}: ${name.schema ?? config.schema ?? "main"}.${name.name}`;
}
