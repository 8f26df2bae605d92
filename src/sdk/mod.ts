/** What a plug-in author reads: contracts, types, errors, registries. Imports nothing else of ours. */
export * from "./batch.ts";
export * from "./capabilities.ts";
export * from "./config.ts";
export * from "./connector.ts";
export * from "./errors.ts";
export * from "./format.ts";
export * from "./function.ts";
export * from "./json.ts";
export * from "./log.ts";
export * from "./nearest.ts";
export * from "./registry.ts";
export * from "./schema.ts";
export * from "./sql.ts";
export * from "./state.ts";
export * from "./storage.ts";
export * from "./transform.ts";
export * from "./types.ts";
