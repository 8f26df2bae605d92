/** CSV text taken apart, for heads of files and for finding lines. Whole files are read by the embedded engine. */

/** How the fields of a file are told apart. */
export interface CsvDialect {
  readonly delimiter: string;
  /** "" where nothing is quoted. */
  readonly quote: string;
  /** What stands before a quote that is part of a value: often the quote itself. */
  readonly escape: string;
  /** Lines that begin with it are no records; "" where there are none. */
  readonly comment: string;
}

/** Records at the start of a text. */
export interface HeadRecords {
  readonly records: string[][];
  /** False where the text ends inside the last record, which is then left out. */
  readonly complete: boolean;
  /** The first record as names: blanks around a name that is not quoted are no part of it. */
  readonly header: string[];
  /** Whether quotes in it are more than one around a plain name. */
  readonly oddlyQuoted: boolean;
  /** Of each record, the first field with a quote where none may be: within a field not quoted, or with text behind it. */
  readonly strays: (string | undefined)[];
  /** Lines before the first record: comments and blank ones. */
  readonly linesBefore: number;
  /** The blank ones of those. */
  readonly blankLines: number;
}

/**
 * The first `limit` records of a text; blank lines are passed over. `atEnd` says that no more text follows, so that
 * the last record may end without a line break.
 */
export function firstRecords(
  text: string,
  dialect: CsvDialect,
  options: { limit: number; atEnd: boolean },
): HeadRecords {
  const records: string[][] = [];
  const strays: (string | undefined)[] = [];
  const first = { strays, header: [] as string[], oddlyQuoted: false, linesBefore: 0, blankLines: 0 };
  let at = 0;
  while (records.length < options.limit && at < text.length) {
    const newLine = /\r\n|\n|\r/y;
    newLine.lastIndex = at;
    const blank = newLine.exec(text);
    if (blank !== null) {
      at += blank[0].length;
      if (records.length === 0) {
        first.linesBefore++;
        first.blankLines++;
      }
      continue;
    }
    if (dialect.comment !== "" && text.startsWith(dialect.comment, at)) {
      const end = /\r\n|\n|\r/g;
      end.lastIndex = at;
      const match = end.exec(text);
      if (match === null) return { ...first, records, complete: options.atEnd };
      at = match.index + match[0].length;
      if (records.length === 0) first.linesBefore++;
      continue;
    }
    const record = readRecord(text, dialect, at);
    if (!record.ended && !(options.atEnd && !record.open)) return { ...first, records, complete: false };
    if (records.length === 0) {
      first.header = record.names;
      first.oddlyQuoted = isOddlyQuoted(text.slice(at, record.next), record.names, dialect.quote);
    }
    strays.push(record.stray);
    records.push(record.fields);
    at = record.next;
  }
  return { ...first, records, complete: true };
}

function isOddlyQuoted(text: string, names: readonly string[], quote: string): boolean {
  if (quote === "" || !text.includes(quote)) return false;
  const besideBlank = [" ", "\t"].some((blank) =>
    text.includes(blank + quote) || text.includes(quote + blank)
  );
  return besideBlank || names.some((name) => name.includes(quote) || /[\r\n]/.test(name));
}

interface ReadRecord {
  readonly fields: string[];
  readonly names: string[];
  readonly stray?: string;
  readonly next: number;
  readonly ended: boolean;
  readonly open: boolean;
}

function readRecord(text: string, { delimiter, quote, escape }: CsvDialect, start: number): ReadRecord {
  const fields: string[] = [];
  const names: string[] = [];
  let field = "";
  let stray: string | undefined;
  let state: "bare" | "open" | "closed" = "bare";
  let bad = false;
  let at = start;
  const end = () => {
    fields.push(field);
    names.push(state === "closed" ? field : field.trim());
    if (bad) stray ??= field;
    [field, state, bad] = ["", "bare", false];
  };
  while (at < text.length) {
    const char = text[at]!;
    if (state === "open") {
      if (escape !== "" && char === escape && text[at + 1] === quote) {
        field += quote;
        at += 2;
        continue;
      }
      if (char === quote) state = "closed";
      else field += char;
      at++;
    } else if (text.startsWith(delimiter, at)) {
      end();
      at += delimiter.length;
    } else if (char === "\n" || char === "\r") {
      end();
      return {
        fields,
        names,
        stray,
        next: at + (text.startsWith("\r\n", at) ? 2 : 1),
        ended: true,
        open: false,
      };
    } else {
      at++;
      if (quote !== "" && char === quote && state === "bare" && field.trim() === "") {
        // The engine passes over blanks before a quote and behind it.
        [field, state] = ["", "open"];
        continue;
      }
      if (state === "closed" && (char === " " || char === "\t")) continue;
      if (state === "closed" || (quote !== "" && char === quote)) bad = true;
      field += char;
    }
  }
  const open = state === "open";
  end();
  return { fields, names, stray, next: at, ended: false, open };
}

const CANDIDATES = [",", ";", "\t", "|"] as const;

/**
 * The delimiter of a text that begins with a header: comma, unless the header holds none or the lines after it do
 * not agree with it, and exactly one of `;`, tab and `|` fits header and lines.
 */
export function sniffDelimiter(text: string, dialect: CsvDialect, options: { atEnd: boolean }): string {
  const widths = CANDIDATES.map((delimiter) => {
    const { records } = firstRecords(text, { ...dialect, delimiter }, { limit: 20, atEnd: options.atEnd });
    const width = records[0]?.length ?? 0;
    return { delimiter, width, agrees: width > 1 && records.every((record) => record.length === width) };
  });
  const [comma, ...others] = widths;
  if (comma!.agrees) return ",";
  const fitting = others.filter(({ agrees }) => agrees);
  if (fitting.length === 1) return fitting[0]!.delimiter;
  if (comma!.width > 1) return ",";
  const wide = others.filter(({ width }) => width > 1);
  return wide.length === 1 ? wide[0]!.delimiter : ",";
}

/**
 * Column names from a header: an empty one becomes `column_N`, one that is there already (whatever
 * its case) gets `_2`, `_3`, … `renamed` tells which.
 */
export function headerNames(cells: readonly string[]): { names: string[]; renamed: string[] } {
  const taken = new Set<string>();
  const all = new Set(cells.map((cell) => cell.toLowerCase()));
  const renamed: string[] = [];
  const names = cells.map((cell, index) => {
    let name = cell === "" ? `column_${index + 1}` : cell;
    for (let n = 2; taken.has(name.toLowerCase()) || (name !== cell && all.has(name.toLowerCase())); n++) {
      name = `${cell === "" ? `column_${index + 1}` : cell}_${n}`;
    }
    if (name !== cell) renamed.push(`${cell === "" ? `(column ${index + 1}, empty)` : cell} as ${name}`);
    taken.add(name.toLowerCase());
    return name;
  });
  return { names, renamed };
}

/**
 * The 1-based line on which record `record` (1-based; a header counts) begins in a file. Bytes are read as they
 * come; encodings in which ASCII stands for itself only.
 */
export async function lineOfRecord(
  bytes: AsyncIterable<Uint8Array>,
  record: number,
  options: { dialect: CsvDialect; skipLines: number; blankIsRecord: boolean },
): Promise<number | undefined> {
  const { dialect, skipLines, blankIsRecord } = options;
  const code = (text: string) => text === "" ? -1 : text.charCodeAt(0);
  const [quote, escape, comment] = [code(dialect.quote), code(dialect.escape), code(dialect.comment)];
  const delimiter = dialect.delimiter.charCodeAt(dialect.delimiter.length - 1);
  let line = 1;
  let seen = 0;
  let state: "start" | "field" | "plain" | "quoted" | "escaped" | "comment" = "start";
  let last = -1;
  for await (const chunk of bytes) {
    for (const byte of chunk) {
      const lineBreak = byte === 10 || byte === 13;
      if (byte === 10 && last === 13) {
        // The second half of CR LF.
      } else if (line <= skipLines) {
        if (lineBreak) line++;
      } else if (state === "quoted") {
        if (byte === escape && escape !== quote) state = "escaped";
        else if (byte === quote) state = "plain";
        if (lineBreak) line++;
      } else if (state === "escaped") {
        state = "quoted";
        if (lineBreak) line++;
      } else if (lineBreak) {
        if (state === "start" && blankIsRecord && ++seen === record) return line;
        line++;
        state = "start";
      } else {
        if (state === "start") {
          if (byte === comment) state = "comment";
          else {
            if (++seen === record) return line;
            state = "field";
          }
        }
        if (state !== "comment") {
          // A quote right after a closed one is a quote within the value: open again.
          if (byte === quote && (state === "field" || last === quote)) state = "quoted";
          else state = byte === delimiter ? "field" : "plain";
        }
      }
      last = byte;
    }
  }
  return undefined;
}
