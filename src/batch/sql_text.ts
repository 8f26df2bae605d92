/** Reading SQL text just far enough to put it into parentheses. */

// In order: line comment, block comment, quoted text, quoted name, dollar-quoted text.
const SKIPPED = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$[A-Za-z_]*\$)[\s\S]*?\1/y;

/**
 * A statement without the semicolons at its end, so that it can stand as `(…)`. A semicolon with more than comments
 * behind it is left: the engine then says that there are two statements.
 */
export function asSubquery(sql: string): string {
  let end = sql.length;
  let onlyBlank = true;
  let lastToken = 0;
  let endsInComment = false;
  for (let at = 0; at < sql.length;) {
    SKIPPED.lastIndex = at;
    const skipped = SKIPPED.exec(sql)?.[0];
    const comment = skipped !== undefined && /^(--|\/\*)/.test(skipped);
    const text = skipped ?? sql[at]!;
    if (!comment && !/^\s$/.test(text)) {
      if (text === ";") {
        if (onlyBlank) {
          end = at;
          onlyBlank = false;
        }
      } else {
        end = sql.length;
        onlyBlank = true;
        lastToken = at + text.length;
      }
    }
    at += text.length;
    // The line's end after a comment is trimmed as well.
    if (!/^\s$/.test(text)) endsInComment = comment && text.startsWith("--");
  }
  if (end < sql.length) return sql.slice(0, Math.max(lastToken, 0)).trim();
  // A closing parenthesis on the comment's line would be part of the comment.
  return endsInComment ? `${sql.trim()}\n` : sql.trim();
}
