/** Shows progress: redrawn in place on a terminal, plain lines every few seconds elsewhere. */
import { stripVTControlCharacters } from "node:util";
import type { RunEvent } from "./events.ts";
import { plainProgress, renderProgress } from "./progress.ts";
import { ProgressTracker } from "./progress_state.ts";
import { textWidth } from "./text_width.ts";
import type { ColumnWriter, TextWriter } from "./writer.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_BELOW = "\x1b[J";

export interface ProgressOptions {
  readonly color: boolean;
  /** Milliseconds between drawings on a terminal. Default 100. */
  readonly redrawMs?: number;
  /** Milliseconds between plain lines elsewhere. Default 5,000. */
  readonly plainMs?: number;
  /** For tests: the time, and a timer that returns how to stop it. */
  readonly clock?: Clock;
}

export interface Clock {
  now(): number;
  every(milliseconds: number, tick: () => void): () => void;
}

const systemClock: Clock = {
  now: () => Date.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds);
    // A display must not keep the process alive.
    Deno.unrefTimer(timer);
    return () => clearInterval(timer);
  },
};

/**
 * Draws one run. Give it the run's events, and call `finish` however the run ends: it clears the drawing and shows the
 * cursor again. Anything else that goes to the same terminal must pass through `above`.
 */
export class ProgressView {
  readonly #writer: ColumnWriter;
  readonly #color: boolean;
  readonly #clock: Clock;
  readonly #tracker = new ProgressTracker();
  readonly #stopTimer: () => void;
  readonly #restore = () => this.finish();
  /** Widths of the lines on the screen, from the top. */
  #drawn: number[] = [];
  #cursorHidden = false;
  #finished = false;

  constructor(writer: ColumnWriter, options: ProgressOptions) {
    this.#writer = writer;
    this.#color = options.color;
    this.#clock = options.clock ?? systemClock;
    const milliseconds = writer.isTerminal ? options.redrawMs ?? 100 : options.plainMs ?? 5000;
    this.#stopTimer = this.#clock.every(milliseconds, () => this.#tick());
    // However the process ends, the cursor comes back.
    globalThis.addEventListener("unload", this.#restore);
  }

  /** Takes an event of the run; draws nothing itself. */
  readonly sink = (event: RunEvent): void => this.#tracker.add(event);

  /** A writer for lines that are to stand above the drawing, such as logs. */
  get above(): TextWriter {
    return { write: (text) => this.#writeAbove(text) };
  }

  /** Removes the drawing, shows the cursor, stops the timer. May be called again. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#stopTimer();
    globalThis.removeEventListener("unload", this.#restore);
    if (this.#cursorHidden) this.#writer.write(this.#erase() + SHOW_CURSOR);
    this.#drawn = [];
  }

  [Symbol.dispose](): void {
    this.finish();
  }

  #tick(): void {
    if (this.#finished) return;
    if (this.#writer.isTerminal) return this.#draw("");
    for (const line of plainProgress(this.#tracker.at(this.#clock.now()))) this.#writer.write(`${line}\n`);
  }

  #writeAbove(text: string): void {
    if (this.#finished || !this.#writer.isTerminal || this.#drawn.length === 0) {
      return this.#writer.write(text);
    }
    this.#draw(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** One write for the whole picture, so that nothing flickers. */
  #draw(before: string): void {
    const size = this.#size();
    const state = this.#tracker.at(this.#clock.now());
    // The last column stays free: some terminals wrap when it is filled.
    const width = Math.max(1, size.columns - 1);
    const maxLines = Math.max(1, Math.min(20, size.rows - 2));
    const lines = state.resources.length === 0
      ? []
      : renderProgress(state, { width, maxLines, color: this.#color });
    if (lines.length === 0) return before === "" ? undefined : this.#writer.write(before);
    const hide = this.#cursorHidden ? "" : HIDE_CURSOR;
    const text = `${hide}${this.#erase()}${before}${lines.map((line) => `${line}\n`).join("")}`;
    this.#drawn = lines.map((line) => textWidth(stripVTControlCharacters(line)));
    this.#cursorHidden = true;
    this.#writer.write(text);
  }

  /**
   * Moves to the top of the drawing and clears all below. A terminal that was made narrower has wrapped the lines, so
   * each counts for the rows it takes now.
   */
  #erase(): string {
    if (this.#drawn.length === 0) return "";
    const { columns } = this.#size();
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return `\r\x1b[${rows}A${CLEAR_BELOW}`;
  }

  /** Terminals that don't know their size say 0. */
  #size(): { columns: number; rows: number } {
    const { columns, rows } = this.#writer.size();
    return { columns: columns || 80, rows: rows || 24 };
  }
}

/**
 * Whether to colour what goes to a stream: only on a terminal, and not where `NO_COLOR` is set to anything
 * (no-color.org), or `TERM` to `dumb`.
 */
export function useColor(isTerminal: boolean, env: { get(name: string): string | undefined }): boolean {
  return isTerminal && !env.get("NO_COLOR") && env.get("TERM") !== "dumb";
}
