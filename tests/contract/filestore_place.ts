/** Folders of files for the suites: one system a format. */
import { createSession } from "../../src/batch/mod.ts";
import { filestore } from "../../src/connectors/filestore/mod.ts";
import { formatType, quoteIdent, type Schema } from "../../src/sdk/mod.ts";
import { makeFolder } from "./folder.ts";
import type { Stream } from "./stream.ts";
import type { System } from "./system.ts";

/** How the engine's own writer makes a file of a format. */
const COPY: Record<string, string> = {
  csv: "FORMAT csv, HEADER true",
  json: "FORMAT json, ARRAY true",
  jsonl: "FORMAT json",
  parquet: "FORMAT parquet",
};

/** `one` writes a single file instead of a folder of part files. */
export function filestoreSystem(
  format: string,
  options: Pick<System, "lacks" | "becomes" | "modes"> & { one?: boolean; name?: string } = {},
): System {
  const { one = false, name = `filestore ${format}`, ...more } = options;
  return {
    name,
    connector: filestore,
    async open() {
      const folder = await makeFolder();
      let files = 0;
      const path = (table: string) => one ? `${folder.path}/${table}.${format}` : `${folder.path}/${table}/`;
      await Deno.writeTextFile(`${folder.path}/a_file`, "");
      return {
        block: (table, use) => ({
          path: path(table),
          format,
          ...(use.for === "read" && use.schema !== undefined ? { columns: typesFor(use.schema) } : {}),
        }),
        async seed(table, rows) {
          const session = await createSession();
          await Deno.mkdir(`${folder.path}/${table}`, { recursive: true });
          const file = one ? path(table) : `${path(table)}${String(++files).padStart(4, "0")}.${format}`;
          await session.run(
            `COPY (${asText(rows, format)}) TO '${file.replaceAll("'", "''")}' (${COPY[format]})`,
          );
          await session.close();
        },
        broken: [
          {
            name: "an unknown file",
            use: "read",
            block: { path: `${folder.path}/none.${format}` },
            code: "FILE_NOT_FOUND",
            retryable: false,
            says: /none\./,
          },
          {
            name: "a folder without files",
            use: "read",
            block: { path: `${folder.path}/nowhere/`, format },
            code: "NO_FILES",
            retryable: false,
            says: /nowhere/,
          },
          {
            name: "a folder below a file",
            use: "write",
            block: { path: `${folder.path}/a_file/out/`, format },
            code: "NOT_A_FOLDER",
            retryable: false,
            says: /a_file/,
          },
        ],
        leftovers: () => temporaryFiles(folder.path),
        [Symbol.asyncDispose]: folder.remove,
      };
    },
    ...more,
    lacks: {
      C10: "no secrets in its keys",
      S9: "files have no catalogue",
      ...more.lacks,
    },
  };
}

/** As people write such files: binary as base64, and in CSV nested values as JSON. */
function asText(rows: Stream, format: string): string {
  if (format === "parquet") return rows.select;
  const columns = rows.schema.fields.map(({ name, type }) => {
    const column = quoteIdent(name);
    if (type.kind === "binary") return `to_base64(${column}) AS ${column}`;
    const nested = type.kind === "array" || type.kind === "struct";
    if (nested && format === "csv") return `CAST(to_json(${column}) AS VARCHAR) AS ${column}`;
    // The engine's own writer leaves out the 0 in front, which is no JSON.
    return type.kind === "decimal" && type.precision === type.scale
      ? `regexp_replace(CAST(${column} AS VARCHAR), '^(-?)\\.', '\\10.') AS ${column}`
      : column;
  });
  return `SELECT ${columns.join(", ")} FROM (${rows.select}) AS q`;
}

function typesFor(schema: Schema): Record<string, string> {
  return Object.fromEntries(schema.fields.map((field) => [field.name, formatType(field.type)]));
}

async function temporaryFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) found.push(...await temporaryFiles(`${folder}/${entry.name}`));
    else if (/\.tmp$|\.part$/.test(entry.name)) found.push(`${folder}/${entry.name}`);
  }
  return found;
}
