/** Options that several formats share: one schema each, so that a key means one thing. */
import { z } from "zod";

export const sampleSize = z.union([z.int().min(1), z.literal(-1)]).optional().describe(
  "Rows to look at before types are decided; -1 for all of them, which reads the files twice. " +
    "Default: 20480, fewer for very wide files.",
);

export const dateFormat = z.string().min(1).optional().describe(
  "How dates are written, in strptime notation: %d.%m.%Y. Default: 2024-12-31.",
);

export const timestampFormat = z.string().min(1).optional().describe(
  "How datetimes are written, in strptime notation: %d.%m.%Y %H:%M. Default: 2024-12-31 23:59:59, also with T and a zone.",
);
