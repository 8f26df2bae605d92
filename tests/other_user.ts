/** Running as a user who may not do everything. What permissions refuse, root is not refused. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { has } from "./programs.ts";

const LINUX = Deno.build.os === "linux";

/** The user `nobody` of every Linux. */
const NOBODY = 65534;

/** Whether this process is root's: then tests of permissions need another user. */
export const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

/** Why nothing can be run as a user without privileges, or undefined where it can. */
export const noOtherUser: string | undefined = Deno.build.os === "windows"
  ? "Windows has other permissions"
  : !isRoot || (LINUX && await has("setpriv", ["--version"]))
  ? undefined
  : "root is refused nothing, and there is no setpriv (apt-get install util-linux)";

/** A command as a user without privileges runs it: through `setpriv` where this process is root's. */
export function asUser(command: string, args: readonly string[]): { command: string; args: string[] } {
  if (!isRoot) return { command, args: [...args] };
  const user = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
  return { command: "setpriv", args: [...user, command, ...args] };
}

/** Gives a folder to that user. */
export async function giveAway(path: string): Promise<void> {
  if (isRoot) await Deno.chown(path, NOBODY, NOBODY);
}

/** Arguments that put a command into a network of its own, without any connection. Empty where that can't be done. */
export const withoutNetwork: readonly string[] =
  LINUX && await has("unshare", ["--user", "--map-root-user", "--net", "true"])
    ? ["unshare", "--user", "--map-root-user", "--net"]
    : [];

/** Capabilities by which root is refused nothing, as bits: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7). */
const BYPASS = 0b110;
const WITHOUT_BYPASS = [
  "--bounding-set=-dac_override,-dac_read_search",
  "--inh-caps=-dac_override,-dac_read_search",
];

/** Whether this process may read and write whatever the permissions of a file say. */
export const ignoresPermissions = isRoot && (!LINUX || await effective() > 0);

async function effective(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return Number.parseInt(/^CapEff:\s*[0-9a-f]*([0-9a-f]{4})$/m.exec(status)?.[1] ?? "0", 16) & BYPASS;
}

const canGiveUp = !ignoresPermissions || LINUX && await has("setpriv", [...WITHOUT_BYPASS, "true"]);

/**
 * A test that needs permissions to be refused. Where this process ignores them, as root's does, the test runs in a process
 * that does not. `module`: the test's `import.meta.url`.
 */
export function testPermissions(name: string, module: string, fn: () => Promise<void>): void {
  const why = Deno.build.os === "windows"
    ? "Windows has other permissions"
    : canGiveUp
    ? undefined
    : "root is refused nothing, and can't give that up (apt-get install util-linux)";
  Deno.test({
    name: why === undefined ? name : `${name} [${why}]`,
    ignore: why !== undefined,
    fn: ignoresPermissions ? () => testWithoutBypass(name, module) : fn,
  });
}

async function testWithoutBypass(name: string, module: string): Promise<void> {
  const test = [Deno.execPath(), "test", "-A", "--no-check", "--filter", name, fileURLToPath(module)];
  const { success, stdout, stderr } = await new Deno.Command("setpriv", {
    args: [...WITHOUT_BYPASS, ...test],
    env: { NO_COLOR: "1" },
  }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success && /\b1 passed\b/.test(printed), printed);
}
