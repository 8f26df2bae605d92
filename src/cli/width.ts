/** How wide text is on a terminal, and fitting it to a width. */
import { cutText, padText, textWidth } from "../observe/text_width.ts";

// deno-lint-ignore no-control-regex -- the escape character is what is looked for.
const COLOR = /\x1b\[[0-9;]*m/g;

/** Cells that `text` takes; colour takes none. */
export function displayWidth(text: string): number {
  return textWidth(text.includes("\x1b") ? text.replaceAll(COLOR, "") : text);
}

/** `text` (without colour), cut to `width` cells with `…` at its end where it is longer. */
export const truncate = cutText;

/** Fills `text` with spaces to `width` cells. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  if (align === "left" && !text.includes("\x1b")) return padText(text, width);
  const fill = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + fill : fill + text;
}

/** Breaks text into lines of at most `width` cells at spaces; a longer word stands alone. Line breaks are kept. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    let line: string | undefined;
    for (const word of paragraph.split(" ")) {
      if (line === undefined) {
        line = word;
      } else if (displayWidth(line) + 1 + displayWidth(word) <= width) {
        line += ` ${word}`;
      } else {
        lines.push(line);
        line = word;
      }
    }
    return [...lines, line ?? ""];
  });
}

/** Text that would move the cursor or colour the screen, made visible: one line, no control characters. */
export function visible(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is replaced.
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (char) => CONTROL[char] ?? hex(char));
}

const CONTROL: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function hex(char: string): string {
  return `\\u{${char.codePointAt(0)!.toString(16)}}`;
}
