/** Where the embedded engine's native library is, without loading it. */
import { createRequire } from "node:module";

/** The folder of the library for this machine; undefined where the program is not laid out as files. */
export function addonFolder(): string | undefined {
  const name = `@duckdb/node-bindings-${platform()}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  try {
    const require = createRequire(import.meta.resolve("@duckdb/node-bindings"));
    return require.resolve(`${name}/duckdb.node`).replace(/[\\/][^\\/]*$/, "");
  } catch {
    return undefined;
  }
}

function platform(): string {
  return Deno.build.os === "windows" ? "win32" : Deno.build.os;
}
