/** Checks SQL that a recipe gives, without an engine: what is code, what is text, and where one statement ends. */
import { TransformError } from "../sdk/mod.ts";

/** A stretch of SQL: code, or what the parser does not look into. */
export interface SqlPiece {
  readonly kind: "code" | "quoted" | "comment";
  readonly text: string;
}

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"/y;
/** `E'…'` texts take backslash escapes. */
const ESCAPED = /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y;
const DOLLAR = /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[\w$\u0080-\uffff]+/y;

/**
 * Cuts SQL into code, quoted text and comments.
 * @throws {TransformError} `INVALID_SQL` where a quote or comment does not end.
 */
export function sqlPieces(sql: string): SqlPiece[] {
  const pieces: SqlPiece[] = [];
  let code = "";
  let at = 0;
  const push = (kind: "quoted" | "comment", text: string) => {
    if (code !== "") pieces.push({ kind: "code", text: code });
    code = "";
    pieces.push({ kind, text });
    at += text.length;
  };
  while (at < sql.length) {
    const quoted = match(ESCAPED, sql, at) ?? match(QUOTED, sql, at) ?? dollarQuoted(sql, at);
    if (quoted !== undefined) {
      push("quoted", quoted);
      continue;
    }
    const comment = match(LINE_COMMENT, sql, at) ?? blockComment(sql, at);
    if (comment !== undefined) {
      push("comment", comment);
      continue;
    }
    if (sql[at] === "'" || sql[at] === '"') {
      throw invalid(`the SQL has a ${sql[at]} that does not end`, "close the quote; double it inside a text");
    }
    const word = match(WORD, sql, at) ?? sql[at]!;
    code += word;
    at += word.length;
  }
  if (code !== "") pieces.push({ kind: "code", text: code });
  return pieces;
}

/**
 * A SQL expression that is safe to stand between brackets: not empty, one expression, brackets balanced.
 * `key` names the config key in errors.
 */
export function checkExpression(sql: string, key: string): string {
  const pieces = sqlPieces(sql);
  checkBalanced(pieces, key);
  let depth = 0;
  for (const [mark] of codeOf(pieces).matchAll(/[()[\]{},]/g)) {
    if (mark !== ",") depth += "([{".includes(mark) ? 1 : -1;
    else if (depth === 0) throw invalid(`\`${key}\` has more than one expression`, "remove the comma");
  }
  return sql;
}

/** A single SELECT without its closing semicolon, cut into pieces. `key` names the config key in errors. */
export function checkSelect(sql: string, key: string): SqlPiece[] {
  const pieces = withoutClosingSemicolon(sqlPieces(sql));
  checkBalanced(pieces, key);
  const first = codeOf(pieces).match(/^[\s(]*([a-z]+)/i)?.[1]?.toLowerCase() ?? "";
  if (!SELECT_WORDS.has(first)) {
    throw invalid(
      `\`${key}\` has to be a SELECT${first === "" ? "" : `, not ${first.toUpperCase()}`}`,
      "a step gives rows: write SELECT … FROM {input}",
    );
  }
  return pieces;
}

/** The code in the pieces; quoted text shows as `''`, comments as a space. */
export function codeOf(pieces: readonly SqlPiece[]): string {
  return pieces.map((piece) => piece.kind === "code" ? piece.text : piece.kind === "quoted" ? "''" : " ")
    .join("");
}

const SELECT_WORDS = new Set([
  "select",
  "with",
  "from",
  "values",
  "table",
  "pivot",
  "unpivot",
  "summarize",
  "describe",
]);

function checkBalanced(pieces: readonly SqlPiece[], key: string): void {
  const code = codeOf(pieces);
  if (code.trim() === "") throw invalid(`\`${key}\` is empty`, "write the SQL");
  if (code.includes(";")) {
    throw invalid(`\`${key}\` has more than one statement`, "remove everything from the semicolon on");
  }
  let depth = 0;
  for (const [bracket] of code.matchAll(/[()]/g)) {
    depth += bracket === "(" ? 1 : -1;
    if (depth < 0) throw invalid(`\`${key}\` closes a bracket that it did not open`, "balance the brackets");
  }
  if (depth > 0) throw invalid(`\`${key}\` opens a bracket that it does not close`, "balance the brackets");
}

/** People end statements with `;`: that one is dropped, wherever the comments after it are. */
function withoutClosingSemicolon(pieces: SqlPiece[]): SqlPiece[] {
  const last = pieces.findLastIndex((piece) =>
    piece.kind === "quoted" || (piece.kind === "code" && piece.text.trim() !== "")
  );
  const piece = pieces[last];
  if (piece?.kind !== "code") return pieces;
  return pieces.with(last, { kind: "code", text: piece.text.replace(/;\s*$/, "") });
}

function blockComment(sql: string, start: number): string | undefined {
  if (!sql.startsWith("/*", start)) return undefined;
  let depth = 0;
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return sql.slice(start, marks.lastIndex);
  }
  throw invalid("the SQL has a /* comment that does not end", "close it with */");
}

function dollarQuoted(sql: string, start: number): string | undefined {
  const tag = match(DOLLAR, sql, start);
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, start + tag.length);
  if (end < 0) throw invalid(`the SQL has a text in ${tag} that does not end`, `close it with ${tag}`);
  return sql.slice(start, end + tag.length);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function invalid(message: string, hint: string): TransformError {
  return new TransformError("INVALID_SQL", message, { hint });
}
