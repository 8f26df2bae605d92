/**
 * The embedded engine's native functions: the one place that loads them. They read and write memory and files as they are
 * told, so code of users must not get them: each module of this folder takes them while it is loaded, and a Worker that
 * is about to run anybody's code calls `sealNative` first.
 */
import { createRequire } from "node:module";

/** Values are named `duckdb.connect`, types `engine.Connection`. */
type Native = typeof import("@duckdb/node-bindings");
type Api = typeof import("@duckdb/node-api");

interface Loaded {
  readonly native: Native;
  readonly api: Api;
}

const require = makeRequire();
let loaded: Loaded | undefined = await load();

/**
 * The native functions, for the modules of this folder, while they are loaded.
 * @throws {Error} once they are sealed.
 */
export function takeNative(): Native {
  return take().native;
}

/** The same for the package that wraps them. */
export function takeApi(): Api {
  return take().api;
}

function take(): Loaded {
  if (loaded === undefined) throw new Error("The embedded engine's native functions are sealed.");
  return loaded;
}

/**
 * Takes the native functions out of everybody's reach: out of this module, out of the cache of modules and, by giving the
 * permission back, from `process.dlopen`. Modules that have taken them go on. There is no way back.
 * @throws {Error} where they could still be reached and that is `required`: nobody's code may run then.
 */
export function sealNative({ required }: { required: boolean }): void {
  loaded = undefined;
  if (require === undefined && required) {
    throw new Error("The embedded engine was loaded in a way that can't be sealed.");
  }
  for (const path of Object.keys(require?.cache ?? {})) {
    if (/[\\/]node_modules[\\/]@duckdb[\\/]/.test(path)) delete require!.cache[path];
  }
  Deno.permissions.revokeSync({ name: "ffi" });
}

function makeRequire(): ReturnType<typeof createRequire> | undefined {
  try {
    return createRequire(import.meta.resolve("@duckdb/node-api"));
  } catch {
    // A program that is not laid out as files: the literal imports below are the way.
    return undefined;
  }
}

/**
 * Not by `import`: a module that was imported once is there for all who import it. What `require` has loaded can be
 * forgotten, and is loaded again only by those who may load native code.
 */
async function load(): Promise<Loaded> {
  if (require !== undefined) {
    return { native: require("@duckdb/node-bindings"), api: require("@duckdb/node-api") };
  }
  const [native, api] = await Promise.all([import("@duckdb/node-bindings"), import("@duckdb/node-api")]);
  return { native: native.default as unknown as Native, api };
}
