/** Running as a user who may not do everything. What permissions refuse, root is not refused. */

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
