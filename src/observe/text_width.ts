/** How wide text is on a terminal, and cutting it to a width. */

let segmenter: Intl.Segmenter | undefined;
/** Characters that take two columns: East Asian wide and full-width (Unicode Annex 11), and emoji. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const SIMPLE = /^[\x20-\x7e]*$/;

/** Columns that text takes on a terminal. Escape sequences count as text: measure before colouring. */
export function textWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += segmentWidth(segment);
  return width;
}

/** The text, cut to `width` columns with `…` at the end where it is longer, without control characters. */
export function cutText(text: string, width: number): string {
  const printable = text.replace(/\p{Cc}/gu, " ");
  if (textWidth(printable) <= width) return printable;
  if (width < 1) return "";
  let cut = "";
  let used = 0;
  for (const { segment } of graphemes(printable)) {
    const next = segmentWidth(segment);
    if (used + next > width - 1) break;
    cut += segment;
    used += next;
  }
  return `${cut}…`;
}

/** The text with spaces to `width` columns. */
export function padText(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Made when the first text beyond ASCII comes: to make one takes 10 ms, which commands that print none need not wait for. */
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter.segment(text);
}

function segmentWidth(segment: string): number {
  if (/^[\p{Mn}\p{Cf}\p{Cc}]+$/u.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}
