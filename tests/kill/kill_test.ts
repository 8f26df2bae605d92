/** Loads into DuckDB and into files, killed. */
import { testKills } from "./kill_mode.ts";
import { MODES } from "./modes.ts";

for (const mode of MODES) {
  Deno.test({
    name: `kill -9: ${mode.name}`,
    // Windows has no signals; there is no state in between that it could show and others not.
    ignore: Deno.build.os === "windows",
    fn: () => testKills(mode),
  });
}
