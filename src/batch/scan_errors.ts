/**
 * Errors thrown while the engine reads Arrow columns in place. The engine keeps a text of an error only: the error itself
 * waits here until the statement fails with its number.
 */

const MARK = "arrow scan error #";
/** Errors whose statement was given up before it told of them are forgotten at some time. */
const KEPT = 100;

const waiting = new Map<number, Error>();
let last = 0;

/** The text to fail the statement with. */
export function keepScanError(error: unknown): string {
  waiting.set(++last, error instanceof Error ? error : new Error(String(error)));
  waiting.delete(last - KEPT);
  return `${MARK}${last}#`;
}

/** The error behind a statement's error, where it is one of these. */
export function scanError(error: Error): Error | undefined {
  const number = /arrow scan error #(\d+)#/.exec(error.message)?.[1];
  return number === undefined ? undefined : waiting.get(Number(number));
}
