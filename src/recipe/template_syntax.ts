/** The syntax of templates: finding, preparing and parsing them. */
import { parse, tokenize } from "@huggingface/jinja";

/** Longest template in characters, and tags in it: what the parser reads in milliseconds. */
const MAX_LENGTH = 256 * 1024;
/** The tokenizer needs quadratic time on a run of whitespace. */
const MAX_WHITESPACE = 2_000;

export type Program = ReturnType<typeof parse>;

/** What the interpreter's nodes look like from here. */
export interface AstNode {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Template {
  readonly program: Program;
  /** True for a text that is nothing but one `{{ … }}`. */
  readonly whole: boolean;
}

/** A template that can't be parsed; `message` is for people and quotes nothing. */
export class TemplateSyntaxError extends Error {
  override name = "TemplateSyntaxError";
}

/** Whether a text holds anything to be rendered. */
export function holdsTemplate(text: string): boolean {
  return /\{[{%#]/.test(text);
}

/** Parses a template. @throws {TemplateSyntaxError} */
export function parseTemplate(text: string): Template {
  if (text.length > MAX_LENGTH) {
    throw new TemplateSyntaxError(`it is longer than ${MAX_LENGTH / 1024} KiB`);
  }
  if (hasLongWhitespace(text)) {
    throw new TemplateSyntaxError(`it holds more than ${MAX_WHITESPACE} spaces or line ends in a row`);
  }
  // Jinja drops one line end at the end of a template: a recipe's texts keep theirs.
  const source = replaceRawBlocks(text) + (text.endsWith("\n") ? "\n" : "");
  try {
    const tokens = tokenize(source);
    const opened = tokens.filter((token) => token.type === "OpenExpression").length;
    const whole = opened === 1 && tokens[0]!.type === "OpenExpression" &&
      tokens.at(-1)!.type === "CloseExpression";
    return { program: parse(tokens), whole };
  } catch (error) {
    throw new TemplateSyntaxError(describe(error as Error));
  }
}

function hasLongWhitespace(text: string): boolean {
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    run = text.charCodeAt(i) <= 32 ? run + 1 : 0;
    if (run > MAX_WHITESPACE) return true;
  }
  return false;
}

/** The interpreter has no `{% raw %}`: such a block becomes an expression that holds its text. */
function replaceRawBlocks(text: string): string {
  if (!text.includes("endraw")) return text;
  const starts = /\{#|\{%(-?)\s*raw\s*(-?)%\}/g;
  const ends = /\{%(-?)\s*endraw\s*(-?)%\}/g;
  let result = "";
  let done = 0;
  for (let start = starts.exec(text); start !== null; start = starts.exec(text)) {
    if (start[0] === "{#") {
      const end = text.indexOf("#}", starts.lastIndex);
      if (end < 0) break;
      starts.lastIndex = end + 2;
      continue;
    }
    ends.lastIndex = starts.lastIndex;
    const end = ends.exec(text);
    if (end === null) break;
    let body = text.slice(starts.lastIndex, end.index);
    if (start[2]) body = body.trimStart();
    if (end[1]) body = body.trimEnd();
    const literal = body.replace(/[\\"]/g, "\\$&");
    result += `${text.slice(done, start.index)}{{${start[1]} "${literal}" ${end[2]}}}`;
    done = starts.lastIndex = ends.lastIndex;
  }
  return result + text.slice(done);
}

/** Says what the parser found, without the parser's own words for its tokens. */
function describe(error: Error): string {
  const { message } = error;
  const statement = /^Unknown statement type: (\w+)/.exec(message)?.[1];
  if (statement === "raw") return "{% raw %} has no {% endraw %}";
  if (statement !== undefined) {
    return /^(end|else|elif)/.test(statement)
      ? `{% ${statement} %} has no beginning`
      : `there is no statement {% ${statement} %}`;
  }
  if (error instanceof RangeError) return "it is nested too deeply";
  if (error instanceof TypeError || /end of input|Missing end of comment/.test(message)) {
    return "it ends too early: a tag, quote or block is not closed";
  }
  const found = /Unexpected (?:token|token type|character): (.*)$/.exec(message)?.[1];
  if (found !== undefined) return `"${TOKENS[found] ?? found}" is not expected where it stands`;
  if (/closing (expression|statement) token/.test(message)) return "a tag is not closed, or holds too much";
  return "a tag is not written as Jinja has it";
}

const TOKENS: Record<string, string> = {
  CloseExpression: "}}",
  CloseStatement: "%}",
  OpenExpression: "{{",
  OpenStatement: "{%",
  CloseParen: ")",
  CloseSquareBracket: "]",
  CloseCurlyBracket: "}",
  Equals: "=",
  Comma: ",",
  Dot: ".",
  Colon: ":",
  Pipe: "|",
  AdditiveBinaryOperator: "+",
  MultiplicativeBinaryOperator: "*",
  ComparisonBinaryOperator: "a comparison",
};
