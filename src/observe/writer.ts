/** Where logs and progress go. The command line passes standard error in; tests pass a buffer. */

/** Takes text at once: what was written is out when a process ends right after. */
export interface TextWriter {
  write(text: string): void;
}

/** A writer that may be a terminal. */
export interface ColumnWriter extends TextWriter {
  /** Whether lines can be drawn over: false for files, pipes and `TERM=dumb`. */
  readonly isTerminal: boolean;
  /** Characters in a line and lines on the screen, asked anew before each drawing. */
  size(): { columns: number; rows: number };
}
