/** Says in plain English what the YAML parser found. Its own messages may quote the text, and so a secret. */
import type { Problem } from "./problems.ts";

interface ParserError {
  readonly code: string;
  readonly message: string;
}

interface Wording {
  readonly message: string;
  readonly hint: string;
}

const QUOTE_TEMPLATE = `put quotes around values with templates: key: "{{ env_var('NAME') }}"`;

const WORDINGS: Record<string, Wording> = {
  TAB_AS_INDENT: {
    message: "A tab is used for indentation, which YAML does not allow.",
    hint: "indent with spaces",
  },
  BAD_INDENT: {
    message: "The indentation does not fit the lines before, or a bracket above is not closed.",
    hint: "start the keys of one mapping in the same column, and close each [ and {",
  },
  BAD_DQ_ESCAPE: {
    message: "A text in double quotes holds a backslash sequence that YAML does not know.",
    hint: "use single quotes, or write \\\\ for one backslash",
  },
  BAD_SCALAR_START: {
    message: "A text begins with a character that YAML reserves.",
    hint: "put the text in quotes",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "There is a second `key:` on this line, or the text holds a colon followed by a space.",
    hint: "begin a nested mapping on the next line, indented; put text with a colon in quotes",
  },
  MULTILINE_IMPLICIT_KEY: {
    message: "This line is no `key: value`.",
    hint: "add the colon and a space after the key",
  },
  MISSING_CHAR: {
    message: "Something is missing here: a closing quote or bracket, a comma, or the space after a colon.",
    hint: "check the quotes and brackets from here upwards",
  },
  UNEXPECTED_TOKEN: {
    message: "There is text here that does not belong to the value before it.",
    hint: "put the whole value in quotes; double a single quote inside single quotes",
  },
  KEY_OVER_1024_CHARS: {
    message: "A key is longer than 1,024 characters.",
    hint: "check for a missing quote or colon",
  },
  BAD_ALIAS: { message: "An alias (*name) can't stand here.", hint: "check the anchor's name" },
  RESOURCE_EXHAUSTION: {
    message: "The file is nested too deeply to be read.",
    hint: "a recipe needs no more than a few levels",
  },
  TAG_RESOLVE_FAILED: {
    message: "A tag (!name) is not known: recipes hold plain values only.",
    hint: "remove the tag, or put the text in quotes",
  },
};

const FALLBACK: Wording = {
  message: "The file is not valid YAML here.",
  hint: "check the indentation, quotes and brackets of this line",
};

/** The problem that a parser error stands for, without a place. `line` is the text of the line it was found in. */
export function describeYamlError(error: ParserError, line: string): Problem {
  const wording = WORDINGS[error.code] ?? FALLBACK;
  const hint = holdsBareTemplate(line) ? QUOTE_TEMPLATE : wording.hint;
  return { code: "INVALID_YAML", message: wording.message, hint, context: { parser: error.code } };
}

/** A mapping or list used as a key: nearly always a template without quotes, which YAML reads as `{ { … } }`. */
export function describeComplexKey(line: string): Problem {
  return {
    code: "INVALID_YAML",
    message: "A mapping or list is used as a key.",
    hint: holdsBareTemplate(line) ? QUOTE_TEMPLATE : "write the key as plain text",
  };
}

function holdsBareTemplate(line: string): boolean {
  return /[:-]\s+\{[{%]/.test(line);
}
