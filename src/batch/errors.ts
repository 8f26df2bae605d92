/**
 * DuckDB's error texts as typed errors. The texts are those of DuckDB 1.5; what no pattern knows stays an
 * `ENGINE_ERROR` with DuckDB's own words. Values are cut to a length that fits a terminal.
 */
import { EngineError, type ErrorOptions } from "../sdk/mod.ts";
import { scanError } from "./scan_errors.ts";
import { constraint } from "./constraint_errors.ts";
import { csvError, csvSniffError, fileSchemaError, jsonError } from "./file_errors.ts";
import { cut, firstLine, sentence, shorten, splitHint } from "./error_text.ts";

/**
 * Makes an error thrown by the DuckDB packages, which is a plain `Error`, an `EngineError`. Errors of ours and defects
 * (`TypeError` and the like) come back as they are.
 */
export function toEngineError(error: unknown): Error {
  if (error instanceof Error && error.constructor !== Error) return error;
  const scan = error instanceof Error ? scanError(error) : undefined;
  if (scan !== undefined) return scan;
  const text = shorten(error instanceof Error ? error.message : String(error));
  const [, kind = "", rest = text] = /^(\w[\w ]*?) Error: ([\s\S]*)$/.exec(text) ?? [];
  const body = rest.replace(/\n+LINE \d+: [\s\S]*$/, "").trim();
  for (const rule of RULES) {
    const found = rule(kind, body);
    if (found !== undefined) return make(found);
  }
  return make({ code: "ENGINE_ERROR", message: sentence(cut(body === "" ? text : body, 600)) });
}

/** What a rule finds. */
export interface Finding extends ErrorOptions {
  readonly code: string;
  readonly message: string;
}

type Rule = (kind: string, body: string) => Finding | undefined;

// The first that matches wins, so the narrow ones stand first.
const RULES: readonly Rule[] = [
  interrupted,
  fatal,
  diskFull,
  locked,
  outOfMemory,
  csvError,
  csvSniffError,
  fileSchemaError,
  jsonError,
  corruptFile,
  fileNotFound,
  permission,
  encoding,
  constraint,
  conversion,
  catalog,
  binder,
  transaction,
  extension,
];

function interrupted(kind: string, body: string): Finding | undefined {
  if (kind !== "INTERRUPT" && body !== "Interrupted!") return undefined;
  return { code: "INTERRUPTED", message: "The statement was stopped before it was done." };
}

function fatal(kind: string, body: string): Finding | undefined {
  if (kind !== "FATAL" && kind !== "INTERNAL" && !/database has been invalidated/.test(body)) {
    return undefined;
  }
  return {
    code: "ENGINE_FATAL",
    message: `The embedded engine failed and can't go on: ${sentence(cut(firstLine(body), 300))}`,
    hint: "run again; if it fails the same way, report it with this message",
  };
}

function diskFull(_kind: string, body: string): Finding | undefined {
  if (/max_temp_directory_size/.test(body)) {
    return {
      code: "DISK_FULL",
      message: "The engine's temporary directory has reached its size limit.",
      hint: "free disk space where temporary files go, or set runtime.temp_directory to a larger disk",
    };
  }
  if (!/No space left on device|not enough space on the disk|Disk quota exceeded/i.test(body)) {
    return undefined;
  }
  const path = /"([^"]+)"/.exec(body)?.[1];
  return {
    code: "DISK_FULL",
    message: path === undefined ? "The disk is full." : `The disk is full: "${cut(path)}" can't be written.`,
    hint:
      "free disk space and run again, or set runtime.temp_directory if it is the temporary files that fill it",
    context: path === undefined ? {} : { path },
  };
}

function locked(_kind: string, body: string): Finding | undefined {
  const path = /Could not set lock on file "([^"]+)"/.exec(body)?.[1] ??
    (/being used by another process/i.test(body) ? /"([^"]+)"/.exec(body)?.[1] ?? "" : undefined);
  if (path === undefined) return undefined;
  const pid = /\(PID (\d+)\)/.exec(body)?.[1];
  return {
    code: "DATABASE_LOCKED",
    message: `The database file "${path}" is in use by another process${
      pid === undefined ? "" : ` (PID ${pid})`
    }.`,
    hint: "close the other program, or wait for it, and run again",
    context: { path, ...(pid === undefined ? {} : { pid: Number(pid) }) },
    retryable: true,
  };
}

function outOfMemory(kind: string, body: string): Finding | undefined {
  if (kind !== "Out of Memory" && !/^(std::bad_alloc|failed to allocate)/i.test(body)) return undefined;
  return {
    code: "OUT_OF_MEMORY",
    message: `The engine ran out of memory: ${sentence(cut(firstLine(body), 200))}`,
    hint: "raise runtime.memory_limit, lower runtime.threads, or give runtime.temp_directory more disk space",
  };
}

const CORRUPT =
  /No magic bytes found|too small to be a Parquet file|not a valid DuckDB database|Input is not a GZIP stream|Unknown frame descriptor|Failed to decode gzip stream|ZSTD Decompression|Data corruption detected|Corrupt(ed)? |TProtocolException|Invalid (number of|page)|Don't know what type|Snappy decompress|truncated|Checksum (mismatch|failed)|unexpected end of (the )?file|Prematurely reached end of file|Serialization Error|Can't read past end of buffer|reading past the end|Out of buffer|is not a Parquet file/i;

function corruptFile(kind: string, body: string): Finding | undefined {
  if (kind !== "Serialization" && !CORRUPT.test(body)) return undefined;
  if (["Conversion", "Constraint", "Binder", "Catalog", "Parser"].includes(kind)) return undefined;
  const path = quotedPath(body);
  return {
    code: "CORRUPT_FILE",
    message: path === undefined
      ? `A file is damaged or not what it should be: ${sentence(cut(firstLine(body), 300))}`
      : `The file "${cut(path)}" is damaged or not what it should be: ${sentence(cut(firstLine(body), 300))}`,
    hint: "check that the file was written completely and that format and compression are right",
    context: path === undefined ? {} : { file: path },
  };
}

function fileNotFound(_kind: string, body: string): Finding | undefined {
  const missing = /No files found that match the pattern "([\s\S]*?)"/.exec(body)?.[1] ??
    /Cannot open database "([^"]+)" in read-only mode: database does not exist/.exec(body)?.[1] ??
    /"([^"]+)"[^"]*: (?:No such file or directory|The system cannot find the (?:file|path) specified)/i.exec(
      body,
    )?.[1];
  if (missing === undefined) {
    const directory = /"([^"]+)": Is a directory/.exec(body)?.[1];
    return directory === undefined ? undefined : {
      code: "NOT_A_FILE",
      message: `"${cut(directory)}" is a directory, where a file is needed.`,
      context: { path: directory },
    };
  }
  return {
    code: "FILE_NOT_FOUND",
    message: /^Cannot open file/.test(body)
      ? `"${cut(missing)}" can't be opened: there is no such file or folder.`
      : `There is no file "${cut(missing)}".`,
    hint: "check the path, and that its folder exists",
    context: { path: missing },
  };
}

function permission(kind: string, body: string): Finding | undefined {
  const denied = kind === "Permission" ||
    /Permission denied|Access is denied|Operation not permitted|Read-only file system/i.test(body);
  if (denied) {
    const path = quotedPath(body);
    if (path !== undefined && /file system operations are disabled by configuration/.test(body)) {
      return {
        code: "PERMISSION_DENIED",
        message: `This run may not open "${cut(path)}": its recipe does not name it.`,
        hint: "a run reaches what its source and destination name: see `dataloader permissions`",
        context: { path },
      };
    }
    return {
      code: "PERMISSION_DENIED",
      message: path === undefined
        ? sentence(cut(firstLine(body), 300))
        : `Access to "${cut(path)}" is denied.`,
      hint: "check the file's owner and rights, and what the run is permitted to reach",
      context: path === undefined ? {} : { path },
    };
  }
  const database = /on database "([^"]+)" which is attached in read-only mode/.exec(body)?.[1];
  if (database === undefined) return undefined;
  return {
    code: "READ_ONLY_DATABASE",
    message: `The database "${database}" is open for reading only.`,
    context: { database },
  };
}

function encoding(_kind: string, body: string): Finding | undefined {
  if (
    !/Invalid unicode|invalid UTF-?8|not utf-8 encoded|Invalid (Input )?Error: Invalid string encoding/i.test(
      body,
    )
  ) {
    return undefined;
  }
  return {
    code: "ENCODING_ERROR",
    message: `A text is not valid UTF-8: ${sentence(cut(firstLine(body), 300))}`,
    hint: "set the file's encoding, or convert the text to UTF-8",
  };
}

function conversion(kind: string, body: string): Finding | undefined {
  if (kind !== "Conversion" && kind !== "Out of Range" && !/^Could not parse string/.test(body)) {
    return undefined;
  }
  const column = /when casting from source column (.+)$/.exec(body)?.[1];
  const value = /(?:string|value|Input:|Casting value) ['"]([\s\S]*?)['"](?: |$)/.exec(body)?.[1] ??
    /with value (\S+)/.exec(body)?.[1] ?? /field (?:value|format)[^"]*"([^"]*)"/.exec(body)?.[1];
  const text = body.replace(/ when casting from source column .+$/, "").replace(/\n[\s\S]*$/, "");
  return {
    code: "CONVERSION_FAILED",
    message: column === undefined
      ? sentence(cut(text, 400))
      : `Column "${column}": ${sentence(cut(text, 400))}`,
    hint: "mend the value at its source, choose another type, or cast it with NULL on bad values",
    context: {
      ...(column === undefined ? {} : { column }),
      ...(value === undefined ? {} : { value: cut(value) }),
    },
  };
}

function catalog(kind: string, body: string): Finding | undefined {
  if (kind !== "Catalog") return undefined;
  const { text, candidates } = splitHint(body);
  const missing = /^(.*?) with name "?(.+?)"? does not exist/.exec(text);
  // DuckDB offers its own system tables when nothing else is near.
  const near = candidates.filter((name) => !/^(pg|duckdb|sqlite|pragma|information)_/.test(name));
  return {
    code: "CATALOG",
    message: sentence(cut(text.replace(/!$/, ""), 300)),
    hint: near.length === 0 ? undefined : `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`,
    context: {
      ...(missing === null
        ? {}
        : { kind: missing[1]!.toLowerCase().replaceAll(" ", "_"), name: missing[2]! }),
      candidates: near,
    },
  };
}

function binder(kind: string, body: string): Finding | undefined {
  if (kind !== "Binder" && kind !== "Parser" && kind !== "Syntax") return undefined;
  const { text, candidates } = splitHint(body);
  const column = /Referenced column "([\s\S]*?)" (?:was )?not found/.exec(text)?.[1] ??
    /does not have a column (?:named|with name) "([\s\S]*?)"/.exec(text)?.[1];
  return {
    code: kind === "Binder" ? "BINDER" : "SQL_SYNTAX",
    message: sentence(cut(
      column === undefined
        ? text.replace(/\n\s*Candidate functions:[\s\S]*$/, "")
        : `There is no column "${column}"`,
      400,
    )),
    hint: candidates.length === 0
      ? undefined
      : `columns near it are ${candidates.map((name) => `"${name}"`).join(", ")}`,
    context: {
      ...(column === undefined ? {} : { column }),
      ...(candidates.length === 0 ? {} : { candidates }),
    },
  };
}

function transaction(kind: string, body: string): Finding | undefined {
  if (kind !== "TransactionContext" && kind !== "Transaction") return undefined;
  if (/Current transaction is aborted/.test(body)) {
    return {
      code: "TRANSACTION_ABORTED",
      message: "The transaction can't be committed, because a statement in it has failed.",
    };
  }
  // Two writers touched the same rows: the loser may try again.
  const retryable = /conflict/i.test(body);
  return {
    code: retryable ? "TRANSACTION_CONFLICT" : "TRANSACTION",
    message: sentence(cut(body, 300)),
    retryable,
  };
}

function extension(kind: string, body: string): Finding | undefined {
  if (!/Extension/.test(kind) && !/Extension|extension "/.test(body)) return undefined;
  const name = /extension '?"?(\w+)/i.exec(body)?.[1];
  return {
    code: "EXTENSION_NEEDED",
    message: `This needs the DuckDB extension${
      name === undefined ? "" : ` "${name}"`
    }, which is not part of dataloader.`,
    hint: "read the data with a connector of dataloader's own instead",
    context: name === undefined ? {} : { extension: name },
  };
}

function quotedPath(body: string): string | undefined {
  return /(?:file|path|open|from|write|database|directory)[^"'\n]*["']([^"'\n]+)["']/i.exec(body)?.[1] ??
    /GZIP stream: (.+)$/.exec(body)?.[1];
}

// The original error is left out on purpose: its message may hold the whole SQL or a value of any size.
function make({ code, message, ...options }: Finding): EngineError {
  return new EngineError(code, message, options);
}
