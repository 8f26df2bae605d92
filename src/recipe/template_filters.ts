/** The filters templates may use, and those of ours: bounded where the library's could fill the memory. */
import type { Json } from "../sdk/mod.ts";
import { TemplateError } from "./template_error.ts";

/** Filters of the interpreter and of ours. */
export const FILTERS: readonly string[] = [
  "abs",
  "bool",
  "capitalize",
  "d",
  "default",
  "dictsort",
  "first",
  "float",
  "indent",
  "int",
  "items",
  "join",
  "keys",
  "last",
  "length",
  "list",
  "lower",
  "map",
  "rejectattr",
  "replace",
  "reverse",
  "safe",
  "secret",
  "selectattr",
  "sort",
  "string",
  "title",
  "tojson",
  "trim",
  "unique",
  "upper",
  "urlencode",
  "values",
];

const MAX_TEXT = 1024 * 1024;
const MAX_WIDTH = 1000;

/** `replace(old, new)`: every occurrence, or the first `count`. */
export function boundedReplace(text: string, args: readonly Json[]): string {
  const [from, to, count] = args;
  if (typeof from !== "string" || typeof to !== "string" || from === "") {
    throw new TemplateError("TEMPLATE_ERROR", "replace needs two texts: what to replace, and by what", {
      subject: "replace",
    });
  }
  const parts = text.split(from);
  const limit = typeof count === "number" && count >= 0 ? count : parts.length;
  const replaced = Math.min(parts.length - 1, limit);
  checkLength(text.length + replaced * to.length);
  return parts.slice(0, replaced + 1).join(to) +
    parts.slice(replaced + 1).map((part) => from + part).join("");
}

/** `join(separator)` over the texts of a list. */
export function boundedJoin(items: readonly Json[], args: readonly Json[]): string {
  const separator = args[0] ?? "";
  if (typeof separator !== "string") {
    throw new TemplateError("TEMPLATE_ERROR", "join needs a text to put between", { subject: "join" });
  }
  const texts = items.map((item) => typeof item === "string" ? item : JSON.stringify(item));
  checkLength(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

/** Percent-encodes a text for use in a URL: `p@ss/word` becomes `p%40ss%2Fword`. */
export function urlEncode(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Refuses an indentation that would fill the memory. */
export function checkWidth(args: readonly Json[]): void {
  for (const argument of args) {
    if (typeof argument === "number" && argument > MAX_WIDTH) {
      throw new TemplateError("TEMPLATE_LIMIT", `an indentation of ${argument} is too wide`);
    }
  }
}

function checkLength(length: number): void {
  if (length > MAX_TEXT) {
    throw new TemplateError("TEMPLATE_LIMIT", "a text gets longer than 1 MiB", {
      hint: "templates are for short texts: simplify it",
    });
  }
}
