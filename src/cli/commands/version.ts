import { COMMIT, DUCKDB_VERSION, VERSION } from "../../version.ts";
import type { Call } from "../call.ts";

/** `version`. Reads nothing and loads nothing: scripts call it often. */
export function printVersion(call: Call, options: { json?: true }): void {
  if (!options.json) {
    call.print(`dataloader ${VERSION}`);
    return;
  }
  call.printJson({
    version: VERSION,
    ...(COMMIT === "" ? {} : { commit: COMMIT }),
    duckdb: DUCKDB_VERSION,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    typescript: Deno.version.typescript,
    platform: `${Deno.build.os}-${Deno.build.arch}`,
  }, { indent: true });
}
