/** Waiting between attempts. */
import type { RuntimePlan } from "../plan/mod.ts";

type Retries = RuntimePlan["retries"];

/**
 * Milliseconds to wait before attempt `attempt` + 1: exponential backoff with full jitter, a random time between 0 and
 * `initialDelayMs` × 2^(attempt − 1), at most `maxDelayMs`.
 * Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffDelay(attempt: number, retries: Retries, random: () => number = Math.random): number {
  const ceiling = Math.min(retries.maxDelayMs, retries.initialDelayMs * 2 ** (attempt - 1));
  return Math.round(random() * ceiling);
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
