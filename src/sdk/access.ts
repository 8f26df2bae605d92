/** What a connector needs of the world outside, as far as its config tells: the sandbox grants this and nothing else. */

/**
 * One thing that a config block needs.
 * - `net`: `host:port`, as the config names it.
 * - `read`, `write`: a path of the local system, absolute, `/` or `\` between parts; a folder stands for all below it.
 * - `env`: the name of an environment variable.
 */
export interface Access {
  readonly kind: "net" | "read" | "write" | "env";
  readonly value: string;
  /** The key it comes from, relative to the block: `["path"]`. */
  readonly key: readonly (string | number)[];
}
