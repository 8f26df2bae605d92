/** Parts that several blocks of the recipe model share. */
import { z } from "zod";
import { nearest, parseType, TYPE_NAMES } from "../../sdk/mod.ts";

/** Marks a key whose numbers are taken as the text that was written: `2024.10` must not become `2024.1`. */
export function asText<T extends z.ZodType>(key: T): T {
  return key.meta({ ...key.meta(), "x-text": true }) as T;
}

/** A name that may become part of a file name or a table name. */
export const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

const UNITS: Record<string, number> = {
  ms: 1,
  millisecond: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
};

/** Milliseconds of `500ms`, `30s`, `1.5 minutes`, or of a number of seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = match[2]!.toLowerCase();
  const factor = unit === "" ? 1000 : UNITS[unit] ?? UNITS[unit.replace(/s$/, "")];
  return factor === undefined ? undefined : Math.round(Number(match[1]) * factor);
}

/** A length of time: `500ms`, `30s`, `5 minutes`, or a number of seconds. Kept as text. */
export function duration(): z.ZodType<string | number> {
  return asText(z.union([
    z.string().refine(
      (text) => parseDuration(text) !== undefined,
      { error: 'must be a length of time such as "500ms", "30s" or "5 minutes"' },
    ),
    z.number().nonnegative(),
  ]));
}

/** A logical type as recipes write it: `int`, `decimal(10,2)`, `array<string>`. */
export function typeName(): z.ZodType<string> {
  return z.string().superRefine((text, context) => {
    if (parseType(text) !== undefined) return;
    const near = nearest(text, TYPE_NAMES);
    const hint = near === undefined ? `types are: ${TYPE_NAMES.join(", ")}` : `did you mean "${near}"?`;
    context.addIssue({
      code: "custom",
      message: "must be a type such as integer, decimal(10,2) or array<string>",
      params: { hint },
    });
  }).meta({ examples: ["string", "integer", "decimal(10,2)", "datetime", "array<string>"] });
}

/** A list of names, or one name alone. */
export function names(what: string): z.ZodType<string | string[]> {
  return z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).superRefine((value, context) => {
    const list = typeof value === "string" ? [value] : value;
    const twice = list.findIndex((name, i) => list.indexOf(name) !== i);
    if (twice < 0) return;
    context.addIssue({ code: "custom", message: `names the ${what} "${list[twice]}" twice`, path: [twice] });
  });
}

/** What `names` was given, as a list. */
export function toList<T>(value: T | readonly T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...value] : [value as T];
}
