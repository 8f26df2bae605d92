import type { Json } from "./json.ts";

export type LogLevel = "debug" | "info" | "warning" | "error";

/** Where a plug-in logs: structured, redacted by whoever prints it. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: Record<string, Json>): void;
}
