/** Marks on config keys that the recipe layer and the docs generator read. */
import type { z } from "zod";

/** What a key holds beyond its type. Kept in zod's metadata, and so in the JSON Schema. */
export interface KeyMarks {
  /** A local path or URL: a relative one is resolved against the folder of the recipe that writes it. */
  readonly "x-path"?: true;
  /** Never shown: masked in plans, logs, errors and reports. */
  readonly "x-secret"?: true;
}

/** Marks a key as a path: `path: asPath(z.string()).describe("…")`. */
export function asPath<T extends z.ZodType>(key: T): T {
  return key.meta({ ...key.meta(), "x-path": true }) as T;
}

/** Marks a key as a secret: `password: asSecret(z.string()).describe("…")`. */
export function asSecret<T extends z.ZodType>(key: T): T {
  return key.meta({ ...key.meta(), "x-secret": true }) as T;
}

/** True for text that `x-path` keys leave alone: URLs (`s3://…`), `:memory:`, absolute paths on any system. */
export function isAbsolutePath(path: string): boolean {
  return /^([a-z][a-z0-9+.-]+:\/\/|\/|\\\\|[a-z]:[\\/])/i.test(path) || path === ":memory:";
}
