/** The file formats that ship. `builtin.ts` registers them through the same door as any other. */
import type { FormatDefinition } from "../sdk/mod.ts";
import { csv } from "./csv.ts";
import { json, jsonl } from "./json.ts";
import { parquet } from "./parquet.ts";

export { csv } from "./csv.ts";
export { json, jsonl } from "./json.ts";
export { parquet } from "./parquet.ts";

/** Every format that ships. Options differ, so they are listed without their type. */
// deno-lint-ignore no-explicit-any -- as in the registry: a list of definitions of every options type.
export const builtinFormats: readonly FormatDefinition<any>[] = [csv, json, jsonl, parquet];
