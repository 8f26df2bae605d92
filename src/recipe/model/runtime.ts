/** `runtime` and `state`. */
import { z } from "zod";
import { asPath, asSecret } from "../../sdk/mod.ts";
import type { RuntimeBlock, StateBlock } from "../types.ts";
import { duration, parseDuration } from "./common.ts";

const hostAndPort = () =>
  z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+)(:\d{1,5})?$/, {
    error: 'must be a host or host:port, such as "api.example.com:443"',
  });

const variable = () =>
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "must be the name of an environment variable" });

const deadLetter = () => asPath(z.string().min(1));

/**
 * Enough for a server that is restarted: the waits are random, some 23 s in all and 45 s at most; of 2,000 runs one has them end
 * within 6 s.
 */
const RETRIES = { max_attempts: 9, initial_delay: "500ms", max_delay: "10s" } as const;

export const runtimeBlock = () =>
  z.strictObject({
    batch_size: z.int().positive().default(122_880).describe(
      "Rows per batch for sources that stream; the default is what DuckDB stores as one group. A DuckDB table is read in one " +
        "statement, files in one per about 1 GB",
    ),
    parallelism: z.int().positive().max(256).default(4).describe(
      "Connections or readers to use at once, for connectors that read with several",
    ),
    retries: z.union([
      z.int().nonnegative().max(100),
      z.strictObject({
        max_attempts: z.int().positive().max(100).default(RETRIES.max_attempts).describe(
          "Attempts in all, the first included",
        ),
        initial_delay: duration().default(RETRIES.initial_delay).describe(
          "Time before the first retry at most; doubles with each",
        ),
        max_delay: duration().default(RETRIES.max_delay).describe("Time between two attempts at most"),
      }),
    ]).optional().describe(
      "What to do on errors that may pass: a number of retries, or a mapping (default 8 retries, some 23 s in all)",
    ),
    dead_letter: z.union([
      deadLetter(),
      z.strictObject({
        path: deadLetter().describe("A JSONL file"),
        max_rows: z.int().positive().optional().describe(
          "Stop the run when more rows than this can't be loaded",
        ),
      }),
    ]).optional().describe("Where rows go that can't be loaded, with their error: a JSONL file"),
    memory_limit: z.string().regex(/^\d+(\.\d+)?\s*(%|[KMGTkmgt]?i?[Bb])$/, {
      error: 'must be a size such as "2GB" or a share such as "80%"',
    }).optional().describe("Memory the embedded engine may use before it spills to disk: 2GB, 80%"),
    threads: z.int().positive().max(1024).optional().describe(
      "Threads of the embedded engine (default: all cores)",
    ),
    temp_directory: asPath(z.string().min(1)).optional().describe("Where the embedded engine spills to"),
    permissions: z.strictObject({
      net: z.array(hostAndPort()).optional().describe("Hosts, or host:port, that may be reached"),
      read: z.array(asPath(z.string().min(1))).optional().describe("Files and folders that may be read"),
      write: z.array(asPath(z.string().min(1))).optional().describe("Files and folders that may be written"),
      env: z.array(variable()).optional().describe("Environment variables that code may read"),
    }).optional().describe(
      "Narrows what a run may reach: what the other keys ask for beyond these lists is refused. A kind without a list is " +
        "not narrowed; nothing is ever added",
    ),
    code_access: z.strictObject({
      net: z.array(hostAndPort()).optional().describe("Hosts, or host:port, that code may reach"),
      read: z.array(asPath(z.string().min(1))).optional().describe("Files and folders that code may read"),
      write: z.array(asPath(z.string().min(1))).optional().describe("Files and folders that code may write"),
      env: z.array(variable()).optional().describe("Environment variables that code may read"),
    }).optional().describe(
      "What function steps and plug-ins reach by themselves, beyond the source and the destination. Default: nothing",
    ),
  });

export const stateBlock = () =>
  z.strictObject({
    backend: z.enum(["local", "s3", "dynamodb", "sql"]).default("local")
      .describe("Where the state is kept between runs"),
    directory: asPath(z.string().min(1)).optional().describe("local: the folder (default .state)"),
    bucket: z.string().min(1).optional().describe("s3: the bucket"),
    prefix: z.string().optional().describe("s3: what the keys begin with"),
    region: z.string().min(1).optional().describe("s3, dynamodb: the region"),
    endpoint: z.string().min(1).optional().describe("s3, dynamodb: another endpoint than the vendor's"),
    table: z.string().min(1).optional().describe("dynamodb, sql: the table"),
    url: asSecret(z.string().min(1)).optional().describe("sql: the database, as a connection URL"),
  });

/** The checked block with defaults; an empty one for a recipe that has none. */
export function toRuntime(block: z.infer<ReturnType<typeof runtimeBlock>>): RuntimeBlock {
  const { retries, dead_letter } = block;
  const map = { ...RETRIES, ...typeof retries === "object" ? retries : {} };
  return {
    batchSize: block.batch_size,
    parallelism: block.parallelism,
    retries: {
      maxAttempts: typeof retries === "number" ? retries + 1 : map.max_attempts,
      initialDelayMs: parseDuration(String(map.initial_delay))!,
      maxDelayMs: parseDuration(String(map.max_delay))!,
    },
    deadLetter: typeof dead_letter === "string"
      ? { path: dead_letter }
      : dead_letter && { path: dead_letter.path, maxRows: dead_letter.max_rows },
    memoryLimit: block.memory_limit,
    threads: block.threads,
    tempDirectory: block.temp_directory,
    permissions: block.permissions,
    codeAccess: block.code_access,
  };
}

export function toState(block: z.infer<ReturnType<typeof stateBlock>>): StateBlock {
  return { backend: block.backend, directory: block.directory };
}
