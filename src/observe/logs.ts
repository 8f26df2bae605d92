/** Structured logs, as text for people or as JSON for machines. Everything passes the redactor. */
import { configureSync, getLogger, type LogRecord, resetSync } from "@logtape/logtape";
import type { Json, JsonObject, Logger, LogLevel } from "../sdk/mod.ts";
import type { Redactor } from "../secrets/mod.ts";
import { eventRecords } from "./event_records.ts";
import type { EventSink } from "./events.ts";
import type { TextWriter } from "./writer.ts";

export type LogFormat = "text" | "json";

export interface LogOptions {
  readonly format: LogFormat;
  /** Records below are left out. */
  readonly level: LogLevel;
  readonly writer: TextWriter;
  readonly redactor: Redactor;
  /** Colour the level in text. Default false. */
  readonly color?: boolean;
}

export interface Logs {
  /** For what is logged outside of a run. */
  readonly logger: Logger;
  /** A sink for the events of one run; each record carries its recipe and run. */
  forRun(): EventSink;
  /** Stops writing. */
  close(): void;
}

/** All records have this category, so a program that embeds dataloader can send them elsewhere with LogTape. */
const CATEGORY = ["dataloader"];

/**
 * Sets up logging for the process; there is one at a time. Text lines are `HH:MM:SS level message key=value` in local time,
 * one line a record. JSON lines hold `time` (RFC 3339, UTC), `level`, `message`, `recipe`, `run_id` and the fields.
 */
export function createLogs(options: LogOptions): Logs {
  const format = options.format === "json"
    ? jsonLine
    : (record: LogRecord) => textLine(record, options.color);
  configureSync({
    reset: true,
    sinks: { writer: (record: LogRecord) => options.writer.write(`${format(record)}\n`) },
    loggers: [
      { category: CATEGORY, lowestLevel: options.level, sinks: ["writer"] },
      // LogTape's own troubles, such as a sink that throws.
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["writer"] },
    ],
  });
  const { redactor } = options;
  return {
    logger: {
      log: (level, message, fields = {}) => emit(redactor, { level, message, fields, time: Date.now() }),
    },
    forRun: () => logEvents(redactor),
    close: resetSync,
  };
}

/** A sink that logs the events of one run through LogTape, whoever has configured it. */
export function logEvents(redactor: Redactor): EventSink {
  let run: JsonObject = {};
  return (event) => {
    if (event.type === "run_started") run = { recipe: event.recipe, run_id: event.runId };
    for (const record of eventRecords(event)) emit(redactor, { ...record, time: event.time, run });
  };
}

interface Emitted {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Record<string, Json | undefined>;
  readonly time: number;
  readonly run?: JsonObject;
}

function emit(redactor: Redactor, record: Emitted): void {
  const logger = getLogger(CATEGORY);
  if (!logger.isEnabledFor(record.level)) return;
  const message = redactor.text(record.message);
  // `emit` takes the message as it is; the other methods would read {braces} in it as placeholders.
  logger.emit({
    level: record.level,
    message: [message],
    rawMessage: message,
    timestamp: record.time,
    properties: {
      fields: redactor.json(record.fields),
      ...(record.run === undefined ? {} : { run: redactor.json(record.run) }),
    },
  });
}

const COLORS: Readonly<Record<string, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[36m",
  warning: "\x1b[33m",
  error: "\x1b[31m",
};

function textLine(record: LogRecord, color = false): string {
  const time = new Date(record.timestamp);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  const level = color ? `${COLORS[record.level] ?? ""}${record.level}\x1b[0m` : record.level;
  const fields = Object.entries(fieldsOf(record)).map(([key, value]) => `${key}=${textValue(value)}`);
  return [clock, level, oneLine(record.message.join("")), ...fields].join(" ");
}

function jsonLine(record: LogRecord): string {
  const line: JsonObject = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    message: record.message.join(""),
    ...(record.properties.run as JsonObject | undefined),
  };
  for (const [key, value] of Object.entries(fieldsOf(record))) {
    line[Object.hasOwn(line, key) && line[key] !== value ? `${key}_` : key] = value;
  }
  return JSON.stringify(line);
}

function fieldsOf(record: LogRecord): JsonObject {
  return (record.properties.fields ?? {}) as JsonObject;
}

function textValue(value: Json): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[^\s"'=\p{C}]+$/u.test(value) ? value : JSON.stringify(value);
}

/** One record is one line, and no record can move the cursor: control characters are shown as escapes. */
function oneLine(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => character === "\n" ? "\\n" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
