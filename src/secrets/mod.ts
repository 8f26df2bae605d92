/** Masking of secrets in everything that leaves a run. */
export { createRedactor, MASK, type Redactor } from "./redactor.ts";
