/** Loads a user's module and calls its function, with errors that point into it. */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DataLoaderError, type FunctionContext, heldModule, nearest, TransformError } from "../sdk/mod.ts";

/** Where a function is. */
export interface FunctionPlace {
  readonly module: string;
  readonly export: string;
}

/** A user's function: its input is rows or a record batch, its output is checked where it is used. */
export type UserFunction = (input: unknown, context: FunctionContext) => unknown;

/**
 * Imports the module and finds the function.
 * @throws {TransformError} `FUNCTION_NOT_FOUND` where the module or the export is not there, `FUNCTION_FAILED` where the
 * module can't be loaded.
 */
export async function loadFunction(config: FunctionPlace): Promise<UserFunction> {
  const url = moduleUrl(config.module);
  if (heldModule(config.module) === undefined) await checkFile(url, config.module);
  let module: Record<string, unknown>;
  try {
    module = await import(url);
  } catch (error) {
    throw new TransformError(
      "FUNCTION_FAILED",
      `the module "${config.module}" can't be loaded: ${messageOf(error)}${placeIn(error, url)}`,
      {
        hint: "correct the module; `deno check` shows what is wrong",
        context: { module: config.module },
        cause: error,
      },
    );
  }
  const found = module[config.export];
  if (typeof found === "function") return found as UserFunction;
  const functions = Object.keys(module).filter((name) => typeof module[name] === "function");
  const near = nearest(config.export, functions);
  const what = found === undefined ? "has no export" : "exports no function";
  throw new TransformError("FUNCTION_NOT_FOUND", `the module "${config.module}" ${what} "${config.export}"`, {
    hint: near !== undefined
      ? `did you mean \`export: ${near}\`?`
      : functions.length === 0
      ? "it exports no functions: write `export default function (rows, context) { … }`"
      : `its functions are: ${functions.join(", ")}`,
    context: { module: config.module, export: config.export, exports: functions },
  });
}

/** Calls the function. @throws {TransformError} `FUNCTION_FAILED` with the user's message and the line in the module. */
export async function callFunction(
  fn: UserFunction,
  input: unknown,
  { config, context }: { config: FunctionPlace; context: FunctionContext },
): Promise<unknown> {
  try {
    return await fn(input, context);
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) throw error;
    // What the function throws on purpose keeps its hint and says whether a retry can help.
    const ours = error instanceof DataLoaderError ? error : undefined;
    const url = moduleUrl(config.module);
    throw new TransformError(
      "FUNCTION_FAILED",
      `"${config.export}" of "${config.module}" threw: ${messageOf(error)}${placeIn(error, url)}`,
      {
        hint: error instanceof Deno.errors.NotCapable
          ? "name what the function reaches in runtime.code_access"
          : ours?.hint,
        context: { module: config.module, export: config.export, call: context.call },
        retryable: ours?.retryable,
        cause: error,
      },
    );
  }
}

function moduleUrl(module: string): string {
  const held = heldModule(module);
  if (held !== undefined) return held;
  if (/^[a-z][a-z0-9+.-]+:/i.test(module) && !isAbsolute(module)) return module;
  return pathToFileURL(isAbsolute(module) ? module : resolve(module)).href;
}

async function checkFile(url: string, module: string): Promise<void> {
  if (!url.startsWith("file:")) return;
  try {
    if ((await Deno.stat(new URL(url))).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new TransformError("FUNCTION_NOT_FOUND", `there is no module "${module}"`, {
    hint: "check the path: it is relative to the recipe that writes it",
    context: { module },
  });
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === "" ? "an error without a message" : text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** The line of the module that the stack shows: ` (line 12:5)`. Stacks show file URLs decoded. */
function placeIn(error: unknown, url: string): string {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  for (const shown of url.startsWith("file:") ? [url, decodeURIComponent(url)] : [url]) {
    const at = stack.indexOf(`${shown}:`);
    const place = at < 0 ? undefined : /^:(\d+:\d+)/.exec(stack.slice(at + shown.length))?.[1];
    if (place !== undefined) return ` (line ${place})`;
  }
  return "";
}
