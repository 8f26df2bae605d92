/** Reading files through a format, as the filestore source does, without the connector. */
import { createSession } from "../../../src/batch/mod.ts";
import { builtinFormats } from "../../../src/formats/mod.ts";
import {
  DataLoaderError,
  type FormatDefinition,
  type FormatInput,
  formatType,
  type OpenedScan,
  parseType,
  type Session,
} from "../../../src/sdk/mod.ts";
import { compressionOf, decompress, LocalStorage } from "../../../src/storage/mod.ts";

export interface Lab {
  readonly session: Session;
  readonly folder: string;
  /** Writes a file and returns its path. */
  put(name: string, content: string | Uint8Array): Promise<string>;
  open(files: string | string[], options?: ReadOptions): Promise<OpenedScan>;
  /** Rows of files as objects of text, types beside them. */
  read(files: string | string[], options?: ReadOptions): Promise<Result>;
}

export interface ReadOptions {
  readonly format?: string;
  readonly options?: Record<string, unknown>;
  readonly columns?: Record<string, string>;
  readonly input?: Partial<FormatInput>;
}

export interface Result {
  readonly types: Record<string, string>;
  readonly rows: Record<string, unknown>[];
  readonly warnings: readonly string[];
}

const FORMATS: Record<string, FormatDefinition> = Object.fromEntries(builtinFormats.map((f) => [f.name, f]));

/** Runs a test with a session and a folder of its own. */
export function lab(body: (lab: Lab) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = (await Deno.makeTempDir()).replaceAll("\\", "/");
    const session = await createSession();
    const temporary: string[] = [];
    const open = (
      files: string | string[],
      { format, options = {}, columns = {}, input = {} }: ReadOptions = {},
    ) => {
      const paths = typeof files === "string" ? [files] : files;
      const ending = /\.(csv|tsv|txt|jsonl|json|parquet)(\.(gz|zst))?$/.exec(paths[0]!)?.[1] ?? "csv";
      const definition = FORMATS[format ?? (["tsv", "txt"].includes(ending) ? "csv" : ending)]!;
      const storage = new LocalStorage();
      return definition.openScan!(
        {
          files: paths,
          columns: new Map(Object.entries(columns).map(([name, type]) => [name, parseType(type)!])),
          hivePartitioning: false,
          ...input,
        },
        definition.options.parse(options),
        {
          session,
          signal: new AbortController().signal,
          size: (path) => Deno.statSync(path).size,
          open: async (path) =>
            decompress(
              await storage.open(path),
              temporary.some((t) => path.startsWith(t)) ? undefined : compressionOf(path),
              path,
            ),
          temporaryDirectory: async () => {
            temporary[0] ??= await Deno.makeTempDir();
            return temporary[0];
          },
        },
      );
    };
    try {
      await body({
        session,
        folder,
        open,
        async put(name, content) {
          const path = `${folder}/${name}`;
          await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
          if (typeof content === "string") await Deno.writeTextFile(path, content);
          else await Deno.writeFile(path, content);
          return path;
        },
        async read(files, options) {
          const scan = await open(files, options);
          const paths = typeof files === "string" ? [files] : files;
          const batch = await session.relation(await scan.sql(paths));
          const rows = await batch.toObjects().catch(async (error) => {
            throw error instanceof DataLoaderError ? await scan.diagnose?.(paths, error) ?? error : error;
          });
          return {
            types: Object.fromEntries(batch.schema.fields.map((f) => [f.name, formatType(f.type)])),
            rows,
            warnings: scan.warnings,
          };
        },
      });
    } finally {
      await session.close();
      for (const path of [folder, ...temporary]) await Deno.remove(path, { recursive: true });
    }
  };
}
