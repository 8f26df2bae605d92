/** Cutting and splitting DuckDB's error texts. */

/** A value or name of at most `length` characters. */
export function cut(text: string, length = 200): string {
  if (text.length <= length) return text;
  // Don't end in the middle of a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text[length - 1]!) ? length - 1 : length;
  return `${text.slice(0, end)}… (${text.length} characters)`;
}

const KEPT = 8192;
const LINE = 1200;

/** A text that may hold values of any size, with each long word and line cut in its middle. */
export function shorten(text: string): string {
  const words = text.replace(/\S{400,}/g, (word) => `${word.slice(0, 200)}…${word.slice(-20)}`);
  const lines = words.split("\n").map((line) =>
    line.length > LINE ? `${line.slice(0, 900)}…${line.slice(-200)}` : line
  );
  const short = lines.join("\n");
  return short.length > 2 * KEPT ? `${short.slice(0, KEPT)}…${short.slice(-KEPT)}` : short;
}

/** Takes DuckDB's suggestions off a text. */
export function splitHint(body: string): { text: string; candidates: string[] } {
  const at = body.search(/\n+\s*(Candidate bindings|Candidate Entries|Did you mean)/);
  if (at < 0) return { text: body, candidates: [] };
  const candidates = [...body.slice(at).matchAll(/"((?:[^"]|"")+)"/g)].map((match) => match[1]!);
  return { text: body.slice(0, at).trim(), candidates: candidates.slice(0, 5) };
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

/** With a full stop at its end. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
