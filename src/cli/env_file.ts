/** `--env-file`: `KEY=VALUE` lines, as shells and Docker write them. */
import { UsageError } from "./errors.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/**
 * Reads `KEY=VALUE` lines: blank lines and `#` comments, an optional `export`, `'…'` taken literally, `"…"` with `\n \r \t \" \\ \$`,
 * both over several lines. A ` #` after an unquoted value begins a comment. Nothing is expanded and nothing is run.
 * @throws {UsageError} `INVALID_ENV_FILE` naming file and line, never the value.
 */
export function parseEnvFile(text: string, file: string): Map<string, string> {
  const values = new Map<string, string>();
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const start = i;
    const fail = (what: string, hint: string) =>
      new UsageError("INVALID_ENV_FILE", what, {
        hint,
        location: { file, line: start + 1, column: 1 },
      });
    const line = lines[i]!.trim().replace(/^export\s+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    if (equals === -1) throw fail("The line has no `=`.", "write KEY=VALUE, one on a line");
    const name = line.slice(0, equals).trim();
    if (!NAME.test(name)) {
      throw fail("The name before `=` is no name of a variable.", "use letters, digits and _ only");
    }
    let value = line.slice(equals + 1).trim();
    const quote = value.charAt(0);
    if (quote !== '"' && quote !== "'") {
      values.set(name, value.startsWith("#") ? "" : value.replace(/\s+#.*$/, ""));
      continue;
    }
    let end = closingQuote(value, quote);
    while (end === -1 && i + 1 < lines.length) {
      value += `\n${lines[++i]!}`;
      end = closingQuote(value, quote);
    }
    if (end === -1) throw fail(`The value of ${name} has no closing ${quote}.`, `end it with ${quote}`);
    const rest = value.slice(end + 1).trim();
    if (rest !== "" && !rest.startsWith("#")) {
      throw fail(`There is text after the closing ${quote} of ${name}.`, `write \\${quote} inside the value`);
    }
    const inside = value.slice(1, end);
    values.set(name, quote === '"' ? unescape(inside) : inside);
  }
  return values;
}

function closingQuote(text: string, quote: string): number {
  for (let i = 1; i < text.length; i++) {
    if (quote === '"' && text[i] === "\\") i++;
    else if (text[i] === quote) return i;
  }
  return -1;
}

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$" };

function unescape(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, (whole, char: string) => ESCAPES[char] ?? whole);
}
