/** The storage contract: where files are. One implementation per URL scheme. */

/** A file as a listing shows it. */
export interface StoredFile {
  /** As `open` takes it: a local path with `/` between parts, or a URL. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, UTC. */
  readonly modified: number;
  /** Changes when the content does, where the storage has such a thing. */
  readonly etag?: string;
}

export interface Storage {
  /** `file`, `s3`, `gs`, … without the colon. */
  readonly scheme: string;
  /**
   * Files that a path, directory (trailing `/`) or glob (`*`, `**`, `?`, `[…]`, `{a,b}`) names, sorted by path. Files of
   * dataloader's own (`*.tmp`, `_dataloader_loads/`) are left out.
   */
  list(pattern: string): Promise<StoredFile[]>;
  /** Bytes `start` (inclusive) to `end` (exclusive) of a file, or all of it. */
  open(path: string, range?: { start: number; end: number }): Promise<ReadableStream<Uint8Array>>;
  /** Writes a file so that it is there whole or not at all. */
  write(path: string, content: ReadableStream<Uint8Array> | Uint8Array): Promise<void>;
  /** Moves a file over another, atomically where the storage can. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
}
