/** What files that are there say of columns: new part files are held against them. */
import { type SchemaChange, type TableChange, type TableSchema } from "../../sdk/mod.ts";
import { extensionOf, LocalStorage } from "../../storage/mod.ts";
import { isFolder } from "./config.ts";
import type { Writer } from "./write_parts.ts";

/** The columns of the files at a path; undefined where there are none, or their format keeps no types. */
export async function columnsThere(path: string, writer: Writer): Promise<TableSchema | undefined> {
  const { config, format, context } = writer;
  if (format.columnsOf === undefined) return undefined;
  const folder = isFolder(config.path);
  const storage = new LocalStorage();
  const files = (await storage.list(folder ? `${path.replace(/\/+$/, "")}/` : path))
    .map((file) => file.path)
    .filter((file) => format.extensions.includes(extensionOf(file)) && !file.includes("/_dataloader_loads/"));
  if (files.length === 0) return undefined;
  const schema = await format.columnsOf(files, context.session);
  const names = new Set(schema.fields.map((field) => field.name.toLowerCase()));
  // Values of these are names of folders, so text.
  const keys = (config.partition_by ?? []).filter((key) => !names.has(key.toLowerCase()));
  return {
    columns: [
      ...schema.fields,
      ...keys.map((name) => ({ name, type: { kind: "string" } as const, nullable: true })),
    ],
  };
}

/** Files don't change: those written from now on are other than those that are there. */
export function changesOfFiles(changes: readonly TableChange[]): SchemaChange[] {
  return changes.flatMap((change): SchemaChange[] => {
    const { kind, description, safety } = change;
    if (kind === "create_table") return [];
    const column = kind === "add_column" ? change.column.name : change.column;
    return [{ kind, column, description: `${description}, in files written from now on`, safety }];
  });
}
