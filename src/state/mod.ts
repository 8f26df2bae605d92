/** Where states are kept: the local backend and the factory for a recipe's `state:` block. */
export { createStateBackend, type StateBlock } from "./factory.ts";
export { LocalStateBackend, type LocalStateOptions } from "./local.ts";
export { SchemaFiles } from "./schema_files.ts";
export { SchemaTable } from "./schema_table.ts";
