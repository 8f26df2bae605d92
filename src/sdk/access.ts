/** What a connector or a step needs of the world outside, as far as its config tells: the sandbox grants this and nothing else. */

/**
 * One thing that a config block needs.
 * - `net`: `host:port`, as the config names it, or `unix:` and the path of a socket, which needs `read` and `write` as well.
 * - `read`, `write`: a path of the local system, absolute, `/` or `\` between parts; a folder stands for all below it.
 *   What is written and read again needs both.
 * - `env`: the name of an environment variable.
 * - `code`: the path of a module of the user's that is imported. Its folder can then be read, for what it imports.
 */
export interface Access {
  readonly kind: "net" | "read" | "write" | "env" | "code";
  readonly value: string;
  /** The key it comes from, relative to the block: `["path"]`. */
  readonly key: readonly (string | number)[];
  /** What for, where the key does not say it: `the database's log`. */
  readonly why?: string;
}

/** Entries for paths that are read and written. */
export function readWrite(paths: readonly string[], of: Pick<Access, "key" | "why">): Access[] {
  return paths.flatMap((value) => (["read", "write"] as const).map((kind) => ({ kind, value, ...of })));
}
