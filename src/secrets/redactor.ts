/** Masks secrets in text, plain data and errors. */
import { DataLoaderError, type ErrorData, type Json, type JsonObject } from "../sdk/mod.ts";
import { isSecretKey, maskPatterns } from "./patterns.ts";
import { SHORTEST_ANYWHERE, spellings } from "./spellings.ts";

/** What stands in place of a secret. */
export const MASK = "•••";

/** Causes and nested errors deeper than this are left out. */
const DEEPEST_CAUSE = 10;

/** Masks the secrets it was given, and what looks like one. */
export interface Redactor {
  /** The text with every secret masked. */
  text(text: string): string;
  /**
   * A copy of plain data with every secret masked, in keys too. What JSON can't hold becomes text: a bigint its
   * digits, a date RFC 3339, bytes their number. `undefined` and functions are left out.
   */
  json(value: unknown): Json;
  /** The error, its causes and its parts as plain data, masked. */
  error(error: unknown): ErrorData;
  /** Masks one more secret from now on. */
  add(secret: string): void;
}

/**
 * Makes a redactor. A secret of 4 characters or more is masked wherever it stands, also percent-encoded, in base64, and as
 * JSON and SQL quote it. A shorter one is masked only where it is a whole value: the whole text, or in quotes, or
 * after `=`. Passwords in URLs (`scheme://user:password@`) and `password=…` pairs are masked even if nobody named them.
 */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  return new SecretRedactor(secrets);
}

class SecretRedactor implements Redactor {
  readonly #secrets = new Set<string>();
  /** Every spelling that is masked wherever it stands. */
  #spellings = new Set<string>();
  #anywhere: RegExp | undefined;
  #wholeValues: RegExp | undefined;
  #compiled = true;
  /** A spelling that holds the mask's own character may come into being by masking. */
  #repeat = false;

  constructor(secrets: Iterable<string>) {
    for (const secret of secrets) this.add(secret);
  }

  add(secret: string): void {
    if (secret === "" || this.#secrets.has(secret)) return;
    this.#secrets.add(secret);
    this.#compiled = false;
  }

  text(text: string): string {
    this.#compile();
    if (this.#secrets.has(text)) return MASK;
    const masked = maskPatterns(this.#maskKnown(text), MASK);
    return this.#repeat ? this.#maskKnown(masked) : masked;
  }

  json(value: unknown): Json {
    return this.#plain(value, new Set()) ?? null;
  }

  error(error: unknown): ErrorData {
    return this.#error(error, 0);
  }

  #maskKnown(text: string): string {
    let masked = text;
    for (;;) {
      const before = masked;
      if (this.#anywhere !== undefined) masked = masked.replace(this.#anywhere, MASK);
      // Each pass makes the text shorter, so this ends.
      if (!this.#repeat || masked === before) break;
    }
    return this.#wholeValues === undefined ? masked : masked.replace(this.#wholeValues, MASK);
  }

  /** Builds the expressions anew after `add`; one alternation, the longest spelling first. */
  #compile(): void {
    if (this.#compiled) return;
    this.#spellings = new Set();
    const short: string[] = [];
    for (const secret of this.#secrets) {
      for (const spelling of spellings(secret)) this.#spellings.add(spelling);
      if (secret.trim().length < SHORTEST_ANYWHERE) short.push(secret);
    }
    const ordered = [...this.#spellings].sort((a, b) => b.length - a.length);
    this.#anywhere = ordered.length === 0 ? undefined : new RegExp(ordered.map(RegExp.escape).join("|"), "g");
    const values = short.map(RegExp.escape).join("|");
    this.#wholeValues = short.length === 0 ? undefined : new RegExp(
      `(?<=")(?:${values})(?=")|(?<=')(?:${values})(?=')|(?<==)(?:${values})(?=$|[\\s&;,)])`,
      "g",
    );
    this.#repeat = ordered.some((spelling) => spelling.includes(MASK[0]!));
    this.#compiled = true;
  }

  /** Undefined for what plain data leaves out. `above` holds the objects that lead here, to find circles. */
  #plain(value: unknown, above: Set<object>): Json | undefined {
    switch (typeof value) {
      case "string":
        return this.text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return value;
      case "bigint":
        return this.text(String(value));
      case "object":
        return value === null ? null : this.#object(value, above);
      default:
        return undefined;
    }
  }

  /** A number is a secret only as a whole: a count that happens to hold the digits of one stays a number. */
  #number(value: number): Json {
    if (!Number.isFinite(value)) return String(value);
    this.#compile();
    const text = String(value);
    return this.#spellings.has(text) ? MASK : value;
  }

  #object(value: object, above: Set<object>): Json {
    if (above.has(value)) return "[circular]";
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    above.add(value);
    try {
      if (value instanceof Error) return this.error(value) as unknown as JsonObject;
      if (value instanceof Map) return this.#entries(value, above);
      if (Array.isArray(value) || value instanceof Set) {
        return Array.from(value, (item) => this.#plain(item, above) ?? null);
      }
      return this.#entries(Object.entries(value), above);
    } finally {
      above.delete(value);
    }
  }

  #entries(entries: Iterable<[unknown, unknown]>, above: Set<object>): JsonObject {
    const plain: [string, Json][] = [];
    for (const [key, value] of entries) {
      const secret = isSecretKey(String(key)) && ["string", "number", "bigint"].includes(typeof value);
      const masked = secret ? MASK : this.#plain(value, above);
      if (masked !== undefined) plain.push([this.text(String(key)), masked]);
    }
    return Object.fromEntries(plain);
  }

  #error(error: unknown, depth: number): ErrorData {
    if (!(error instanceof Error)) {
      const shown = typeof error === "object" ? JSON.stringify(this.json(error)) : this.text(String(error));
      return { name: "Error", message: shown };
    }
    const deeper = depth < DEEPEST_CAUSE;
    const parts = "errors" in error && Array.isArray(error.errors) ? error.errors : [];
    return {
      name: this.text(error.name),
      message: this.text(error.message),
      ...this.#details(error),
      ...(error.cause === undefined || !deeper ? {} : { cause: this.#error(error.cause, depth + 1) }),
      ...(parts.length === 0 || !deeper ? {} : { errors: parts.map((part) => this.#error(part, depth + 1)) }),
    };
  }

  #details(error: Error): Partial<ErrorData> {
    if (!(error instanceof DataLoaderError)) {
      const code = systemCode(error);
      return {
        ...(code === undefined ? {} : { code: this.text(code) }),
        ...(error.stack === undefined ? {} : { stack: this.text(error.stack) }),
      };
    }
    return {
      code: error.code,
      ...(error.hint === undefined ? {} : { hint: this.text(error.hint) }),
      ...(error.location === undefined ? {} : { location: this.json(error.location) as JsonObject }),
      retryable: error.retryable,
      context: this.json(error.context) as JsonObject,
    };
  }
}

/** The code that the system gave, such as `ENOSPC`. */
function systemCode(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
