/** States as text: exact numbers, checked shape, migration of older versions. Pure. */
import { z } from "zod";
import { isJsonObject, type Json, type JsonObject, type State, STATE_VERSION } from "../sdk/mod.ts";

/** Makes a state of one version out of the state of the version before. */
export type Migration = (state: JsonObject) => JsonObject;

/** From which version each migration leads to the next. Version 1 is the first, so there is none yet. */
export const MIGRATIONS: ReadonlyMap<number, Migration> = new Map();

/** What `decodeState` found: a state, or what is wrong, in words that follow "can't be read: ". */
export type Decoded =
  | { readonly kind: "state"; readonly state: State }
  | { readonly kind: "corrupted"; readonly reason: string }
  | { readonly kind: "too_new"; readonly version: number };

// JSON.parse gives nothing but JSON, so being an object is all there is to check.
const jsonObject = z.custom<JsonObject>((value) => isJsonObject(value as Json), {
  error: "must be an object",
});

const stateModel: z.ZodType<State> = z.strictObject({
  version: z.literal(STATE_VERSION),
  recipe: z.string(),
  revision: z.int().min(0),
  sequence: z.int().min(0),
  origin: z.enum(["run", "user"]),
  in_flight: z.strictObject({ run_id: z.string(), started_at: z.string(), plan: z.string() }).nullable(),
  updated_at: z.iso.datetime({ offset: true }),
  cursor_values: jsonObject,
  watermarks: jsonObject,
  checkpoints: z.array(jsonObject),
  metadata: jsonObject,
});

/** Reads a state from the bytes of its file and brings it to the current version. */
export function decodeState(
  bytes: Uint8Array,
  recipe: string,
  options: { migrations?: ReadonlyMap<number, Migration> } = {},
): Decoded {
  const parsed = parseObject(bytes);
  if (typeof parsed === "string") return corrupted(parsed);
  const version = parsed.version;
  if (typeof version !== "number" || !Number.isSafeInteger(version)) {
    return corrupted(`"version" must be a whole number`);
  }
  if (version > STATE_VERSION) return { kind: "too_new", version };
  const migrated = migrate(parsed, version, options.migrations ?? MIGRATIONS);
  if (typeof migrated === "string") return corrupted(migrated);
  const checked = stateModel.safeParse(migrated);
  if (!checked.success) return corrupted(describeIssue(checked.error));
  if (checked.data.recipe !== recipe) {
    return corrupted(`it is the state of the recipe ${JSON.stringify(checked.data.recipe)}`);
  }
  return { kind: "state", state: checked.data };
}

/**
 * Writes a state as people can read it.
 * @throws {TypeError} naming the key of a value that JSON can't hold: NaN, an infinity, a bigint, undefined.
 */
export function encodeState(state: State): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(state, (key, value) => {
    const fits = value === null || ["string", "boolean", "object"].includes(typeof value) ||
      Number.isFinite(value);
    if (!fits) {
      throw new TypeError(`the value ${String(value)} of ${JSON.stringify(key)} can't be kept as JSON`);
    }
    return value;
  }, 2);
  return new TextEncoder().encode(`${text}\n`);
}

/**
 * Parses JSON without damage to numbers: one that a double can't hold, such as an int64 that somebody typed in,
 * becomes text with the very same digits.
 */
export function parseExact(text: string): Json {
  // `source`, the third argument of a reviver, is missing in TypeScript's own types.
  const reviver = (_key: string, value: Json, context?: { source?: string }): Json =>
    typeof value === "number" && context?.source !== undefined && !isExact(context.source, value)
      ? context.source
      : value;
  return JSON.parse(text, reviver);
}

function parseObject(bytes: Uint8Array): JsonObject | string {
  if (bytes.length === 0) return "the file is empty";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return "it is not UTF-8 text";
    throw error;
  }
  try {
    const parsed = parseExact(text);
    return isJsonObject(parsed) ? parsed : "it must hold one JSON object";
  } catch (error) {
    if (error instanceof SyntaxError) return `it is not JSON (${jsonProblem(error.message)})`;
    throw error;
  }
}

/** The engine's message without the excerpt of the file that it may quote. */
function jsonProblem(message: string): string {
  const at = /\(line \d+ column \d+\)/.exec(message)?.[0].slice(1, -1);
  const what = message.split(/, (?:\.\.\.)?"| in JSON at /)[0]!;
  return at === undefined ? what : `${what}, ${at}`;
}

function migrate(
  state: JsonObject,
  version: number,
  migrations: ReadonlyMap<number, Migration>,
): JsonObject | string {
  let current = state;
  for (let from = version; from < STATE_VERSION; from++) {
    const step = migrations.get(from);
    if (step === undefined) return `its version ${version} is not known`;
    current = { ...step(current), version: from + 1 };
  }
  return current;
}

function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const where = issue.path.length === 0 ? "" : `"${issue.path.join(".")}": `;
  return `${where}${issue.message}`;
}

function corrupted(reason: string): Decoded {
  return { kind: "corrupted", reason };
}

/**
 * Whether a number as it was written comes out of JavaScript as it went in. A whole number past 2^53 does not, even
 * where a double holds it: -9223372036854775808 is printed as -9223372036854776000.
 */
function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value);
  const [left, right] = [decimalParts(source), decimalParts(String(value))];
  return left !== undefined && right !== undefined && left.digits === right.digits &&
    (left.digits === "" || left.exponent === right.exponent && left.negative === right.negative);
}

/** A number as digits without zeros at either end, times ten to `exponent`. */
function decimalParts(text: string) {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  if (found === null) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = found;
  const all = `${whole}${fraction}`;
  const trimmed = all.replace(/0+$/, "");
  return {
    negative: sign === "-",
    digits: trimmed.replace(/^0+/, ""),
    exponent: Number(exponent) - fraction.length + (all.length - trimmed.length),
  };
}
