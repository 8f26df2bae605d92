/** A small terminal: keeps what a person would see after all that was written. */
import { textWidth } from "../../../src/observe/text_width.ts";

export class Screen {
  readonly isTerminal: boolean;
  columns: number;
  rows: number;
  cursorVisible = true;
  /** Everything that was written, as it came. */
  raw = "";
  #lines: string[] = [""];
  #row = 0;

  constructor(columns = 80, rows = 24, isTerminal = true) {
    this.columns = columns;
    this.rows = rows;
    this.isTerminal = isTerminal;
  }

  size() {
    return { columns: this.columns, rows: this.rows };
  }

  /** The lines with something on them. */
  get lines(): string[] {
    return this.#lines.filter((line) => line !== "");
  }

  /** Makes the terminal narrower or wider; what does not fit wraps, as terminals do it. */
  resize(columns: number): void {
    const wrapped = this.#lines.slice(0, this.#row).flatMap((line) => wrap(line, columns));
    this.#lines = [...wrapped, ...this.#lines.slice(this.#row)];
    this.#row = wrapped.length;
    this.columns = columns;
  }

  write(text: string): void {
    this.raw += text;
    // deno-lint-ignore no-control-regex -- escape sequences are what a terminal reads.
    for (const [part] of text.matchAll(/\x1b\[\??\d*[A-Za-z]|\n|\r|[^\x1b\n\r]+/g)) this.#take(part);
  }

  #take(part: string): void {
    if (part === "\n") {
      this.#row++;
      this.#lines[this.#row] ??= "";
    } else if (part === "\x1b[?25l") this.cursorVisible = false;
    else if (part === "\x1b[?25h") this.cursorVisible = true;
    else if (part === "\x1b[J") this.#lines = [...this.#lines.slice(0, this.#row), ""];
    else if (part.endsWith("A")) this.#row = Math.max(0, this.#row - Number(part.slice(2, -1)));
    else if (part !== "\r" && !part.endsWith("m")) this.#print(part);
  }

  #print(text: string): void {
    const [first, ...more] = wrap(this.#lines[this.#row] + text, this.columns);
    this.#lines[this.#row] = first!;
    for (const line of more) this.#lines[++this.#row] = line;
  }
}

function wrap(line: string, columns: number): string[] {
  const lines = [""];
  for (const character of line) {
    if (textWidth(lines.at(-1)! + character) > columns) lines.push("");
    lines[lines.length - 1] += character;
  }
  return lines;
}
