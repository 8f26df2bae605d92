/** From what a plan reaches to the exact set of permissions that a run gets. Pure. */
import { clean, isBelow, type PlannedAccess, splitHost } from "../plan/mod.ts";
import type { Access, SourceLocation } from "../sdk/mod.ts";

/** One permission and why it is given. */
export interface Grant {
  readonly kind: "net" | "read" | "write" | "env" | "ffi";
  /** `host:port`; an absolute path with `/` between parts; a variable's name. */
  readonly value: string;
  /** The key of the recipe that asks for it, `source.path`; undefined for what the engine needs itself. */
  readonly key?: string;
  readonly location?: SourceLocation;
  /** What for, where the key does not say it. */
  readonly why?: string;
}

/** What a run needs beyond what its recipe names. Paths are absolute. */
export interface EngineNeeds {
  /** Files of the recipe's state. */
  readonly state: readonly Access[];
  /** Where the embedded engine spills to. */
  readonly tempDirectory?: string;
  /** Where the embedded engine's native library is. */
  readonly addonFolder?: string;
  /** Relative paths start here. */
  readonly cwd: string;
}

/** What the embedded engine itself may open, whichever statement asks for it. It knows no difference of read and write. */
export interface EngineWalls {
  readonly paths: readonly string[];
  /** Where it spills to. */
  readonly temporaryDirectory: string;
}

/** The permissions of a run: what its accesses name and what the engine needs, without what another grant covers. */
export function grantsFor(accesses: readonly PlannedAccess[], needs: EngineNeeds): Grant[] {
  const named = accesses.flatMap((access): Grant[] => {
    const { location, why } = access;
    const about = { key: access.key.join("."), location, ...(why === undefined ? {} : { why }) };
    switch (access.kind) {
      case "code":
        return [{
          kind: "read",
          value: parentFolder(absolute(access.value, needs.cwd)),
          ...about,
          why: "the module, and what it imports from its folder",
        }];
      case "net":
        return [{ kind: "net", value: access.value, ...about }];
      case "env":
        return [{ kind: "env", value: access.value, ...about }];
      default:
        return [{ kind: access.kind, value: absolute(access.value, needs.cwd), ...about }];
    }
  });
  return withoutCovered([...named, ...engineGrants(needs)]);
}

function engineGrants(needs: EngineNeeds): Grant[] {
  const { tempDirectory, addonFolder, state, cwd } = needs;
  const both = (value: string, why: string): Grant[] =>
    (["read", "write"] as const).map((kind) => ({ kind, value: absolute(value, cwd), why }));
  return [
    ...state.map(({ kind, value }): Grant => ({
      kind: kind as Grant["kind"],
      value: kind === "read" || kind === "write" ? absolute(value, cwd) : value,
      why: "the recipe's state",
    })),
    ...(tempDirectory === undefined ? [] : both(tempDirectory, "temporary files of the embedded engine")),
    ...(addonFolder === undefined
      ? []
      : [{ kind: "ffi" as const, value: absolute(addonFolder, cwd), why: "the embedded engine" }]),
  ];
}

/** Leaves out what is there twice and paths below others of the same kind. The first that says it stays. */
export function withoutCovered(grants: readonly Grant[]): Grant[] {
  return grants.filter((grant, index) =>
    !grants.some((other, at) => {
      if (at === index || other.kind !== grant.kind) return false;
      if (other.value === grant.value) return at < index;
      return isPath(grant) && isBelow(other.value, grant.value);
    })
  );
}

/** True for a grant that is about files. */
export function isPath(grant: Pick<Grant, "kind">): boolean {
  return grant.kind === "read" || grant.kind === "write" || grant.kind === "ffi";
}

/** The files and folders that the embedded engine opens itself: those of the blocks and of `code_access`, not of the state or of code. */
export function engineFiles(accesses: readonly PlannedAccess[], cwd: string): string[] {
  const paths = accesses
    .filter(({ kind, key }) =>
      (kind === "read" || kind === "write") && (ENGINE_BLOCKS.has(String(key[0])) || key[1] === "code_access")
    )
    .map(({ value }) => absolute(value, cwd));
  return [...new Set(paths)];
}

/** Blocks whose files the embedded engine reads and writes itself. */
const ENGINE_BLOCKS: ReadonlySet<string> = new Set([
  "source",
  "destination",
  "transform",
  "schema",
  "validation",
  "resources",
  "tests",
]);

/** A path from the root, in one form; `file://` URLs become paths. */
export function absolute(path: string, cwd: string): string {
  const local = path.startsWith("file://") ? decodeURIComponent(path.slice("file://".length)) : path;
  return clean(/^(\/|[a-z]:[\\/]|\\\\)/i.test(local) ? local : `${cwd}/${local}`);
}

/** The folder that a path stands in. */
export function parentFolder(path: string): string {
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : /^[a-z]:$/i.test(path.slice(0, at)) ? path.slice(0, at + 1) : path.slice(0, at);
}

/** Permissions as a Worker takes them (`deno.permissions`): what is not listed is refused. */
export function toDenoPermissions(grants: readonly Grant[]): Deno.PermissionOptionsObject {
  const of = (kind: Grant["kind"]) => {
    const values = grants.filter((grant) => grant.kind === kind).map((grant) => grant.value);
    return values.length === 0 ? false : values;
  };
  return {
    net: of("net"),
    read: of("read"),
    write: of("write"),
    env: of("env"),
    ffi: of("ffi"),
    run: false,
    sys: false,
    import: false,
  };
}

/** Permissions as flags of `deno run`, one a kind, values sorted. */
export function toFlags(grants: readonly Grant[]): string[] {
  return (["net", "read", "write", "env", "ffi"] as const).flatMap((kind) => {
    const values = grants.filter((grant) => grant.kind === kind).map((grant) => grant.value);
    // A comma within a value is written twice.
    const listed = [...new Set(values)].sort().map((value) => value.replaceAll(",", ",,"));
    return listed.length === 0 ? [] : [`--allow-${kind}=${listed.join(",")}`];
  });
}

/** True where a host is an address, which no name server can turn into another. */
export function isAddress(value: string): boolean {
  const { host } = splitHost(value);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.startsWith("[");
}
