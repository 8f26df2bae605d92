/** What each event says in a log. */
import type { ErrorData, Json, LogLevel } from "../sdk/mod.ts";
import type { RunEvent } from "./events.ts";

/** A log record without its time. Undefined fields are left out. */
export interface EventRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Record<string, Json | undefined>;
}

/** The records of an event, most often one. */
export function eventRecords(event: RunEvent): EventRecord[] {
  switch (event.type) {
    case "run_started":
      return [info("run started", {
        recipe: event.recipe,
        run_id: event.runId,
        full_refresh: event.fullRefresh || undefined,
        dry_run: event.dryRun || undefined,
      })];
    case "plan": {
      const { resource, source, destination, rows, bytes, files } = event;
      return [
        info("planned", {
          resource,
          source,
          destination,
          write_mode: event.writeMode,
          rows,
          bytes,
          files,
          resumes_from: event.resumesFrom,
        }),
        ...event.statements.map((statement) => debug("will read", { resource, statement })),
        ...event.warnings.map((warning): EventRecord => ({
          level: "warning",
          message: warning,
          fields: { resource },
        })),
      ];
    }
    case "resource_started":
      return [debug("resource started", { resource: event.resource })];
    case "resumed":
      return [info("resumed", { resource: event.resource, from_run: event.runId, sequence: event.sequence })];
    case "restarted":
      return [info("restarted", { resource: event.resource })];
    case "batch_started": {
      const { resource, sequence, label, bytes } = event;
      return [debug("batch started", { resource, sequence, label, bytes })];
    }
    case "progress": {
      const { resource, rows, bytes, fraction } = event;
      return [debug("progress", { resource, rows, bytes, fraction })];
    }
    case "batch_committed": {
      const { resource, sequence, rowsRead, rowsWritten, bytesRead, bytesWritten, durationMs } = event;
      return [info("batch committed", {
        resource,
        sequence,
        rows_read: rowsRead,
        rows_written: rowsWritten,
        bytes_read: bytesRead,
        bytes_written: bytesWritten,
        duration_ms: Math.round(durationMs),
      })];
    }
    case "retry":
      return [{
        level: "warning",
        message: "failed, will be tried again",
        fields: {
          resource: event.resource,
          attempt: event.attempt,
          delay_ms: Math.round(event.delayMs),
          ...errorFields(event.error),
        },
      }];
    case "schema_changed":
      return event.changes
        .filter((change) => change.kind !== "none")
        .map(({ kind, column, description }) =>
          info("schema changed", { resource: event.resource, kind, column, description })
        );
    case "rows_rejected": {
      const { resource, by, rows, reason, deadLetter, quarantine } = event;
      return [{
        level: "warning",
        message: "rows rejected",
        fields: { resource, by, rows, reason, dead_letter: deadLetter, quarantine },
      }];
    }
    case "values_coerced": {
      const { resource, column, to, changed, lost, moved, variant, first } = event;
      return [{
        level: "warning",
        message: "values coerced",
        fields: { resource, column, to, changed, lost, moved, variant, row: first.row, value: first.value },
      }];
    }
    case "validation": {
      const { resource, report } = event;
      const broken = report.rules.filter(({ rows }) => rows > 0);
      return [
        info("validated", {
          resource,
          rows_checked: report.rows_checked,
          rows_accepted: report.rows_accepted,
          rows_skipped: report.rows_skipped,
          rows_quarantined: report.rows_quarantined,
          rows_failed: report.rows_failed || undefined,
          rows_warned: report.rows_warned || undefined,
        }),
        ...broken.map((rule) => debug("rule broken", { resource, rule: rule.name, rows: rule.rows })),
      ];
    }
    case "state_saved": {
      const { location, revision, sequence } = event;
      return [debug("state saved", { resource: event.resource, location, revision, sequence })];
    }
    case "log":
      return [{
        level: event.level,
        message: event.message,
        fields: { resource: event.resource, ...event.fields },
      }];
    case "resource_finished":
      return [ended("resource", event.status, {
        resource: event.resource,
        duration_ms: Math.round(event.durationMs),
        nothing_to_do: event.nothingToDo || undefined,
      }, event.error)];
    case "run_finished": {
      const { recipe, rows_read, rows_written, rows_rejected, bytes_read, bytes_written } = event.summary;
      const { duration_ms, nothing_to_do } = event.summary;
      return [ended("run", event.status, {
        recipe,
        rows_read,
        rows_written,
        rows_rejected,
        bytes_read,
        bytes_written,
        duration_ms: Math.round(duration_ms),
        nothing_to_do: nothing_to_do || undefined,
      }, event.summary.error)];
    }
  }
}

function ended(what: string, status: string, fields: EventRecord["fields"], error?: ErrorData): EventRecord {
  const level = status === "succeeded" ? "info" : "error";
  return { level, message: `${what} ${status}`, fields: { ...fields, ...(error && errorFields(error)) } };
}

function errorFields(error: ErrorData): EventRecord["fields"] {
  const { file, line, column } = error.location ?? {};
  return {
    code: error.code ?? error.name,
    error: error.message,
    hint: error.hint,
    at: file === undefined ? undefined : `${file}:${line}:${column}`,
  };
}

function info(message: string, fields: EventRecord["fields"]): EventRecord {
  return { level: "info", message, fields };
}

function debug(message: string, fields: EventRecord["fields"]): EventRecord {
  return { level: "debug", message, fields };
}
