/** The one list of what ships. Each entry is light: drivers are imported when a run opens a connector. */
import duckdb from "./connectors/duckdb/mod.ts";
import { filestoreConnectors } from "./connectors/filestore/mod.ts";
import postgres from "./connectors/postgres/mod.ts";
import { builtinFormats } from "./formats/mod.ts";
import { registerConnector, registerFormat, registerTransform } from "./sdk/mod.ts";
import { builtinTransforms } from "./transforms/mod.ts";

/** Registers all that ships. Calling it again does nothing. */
export function registerBuiltins(): void {
  for (const connector of [duckdb, ...filestoreConnectors, postgres]) {
    registerConnector(connector.name, connector);
  }
  for (const format of builtinFormats) registerFormat(format.name, format);
  for (const transform of builtinTransforms) registerTransform(transform.name, transform);
}
