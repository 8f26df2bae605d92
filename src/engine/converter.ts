/** Conversions of the `cast` step, for whoever makes values fit a type. */
import type { Converter } from "../schema/mod.ts";
import { conversion, isRefusal } from "../transforms/mod.ts";

/** How values become values of another type, as the `cast` step does it. */
export const converter: Converter = (from, to, options) => {
  const found = conversion(from, to, options);
  return isRefusal(found) ? undefined : found;
};
