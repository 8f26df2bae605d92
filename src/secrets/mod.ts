/** Masking of secrets in everything that leaves a run. */
export { createRedactor, type ErrorData, MASK, type Redactor } from "./redactor.ts";
