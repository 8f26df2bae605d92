/** What code of users writes to the console, as log events: stdout is the program's own. */
import { inspect } from "node:util";
import type { LogLevel } from "../sdk/mod.ts";
import type { EventSink } from "./events.ts";

const LEVELS: Readonly<Record<string, LogLevel>> = {
  log: "info",
  info: "info",
  debug: "debug",
  warn: "warning",
  error: "error",
};

/** Puts log events in the place of the console's methods; what it returns puts those back. */
export function takeConsole(emit: EventSink): () => void {
  const own = globalThis["console"] as unknown as Record<string, unknown>;
  const before = Object.fromEntries(Object.keys(LEVELS).map((method) => [method, own[method]]));
  for (const [method, level] of Object.entries(LEVELS)) {
    own[method] = (...args: unknown[]) =>
      emit({
        type: "log",
        time: Date.now(),
        level,
        message: args.map((arg) => typeof arg === "string" ? arg : inspect(arg)).join(" "),
      });
  }
  return () => void Object.assign(own, before);
}

/** Does something in which code of users may run in this thread. */
export async function withConsole<T>(emit: EventSink, body: () => Promise<T>): Promise<T> {
  const giveBack = takeConsole(emit);
  try {
    return await body();
  } finally {
    giveBack();
  }
}
