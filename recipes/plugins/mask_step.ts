/** The step `mask`: replaces all but the last characters of texts by stars. It is SQL around the rows, so it costs little. */
import { defineTransform, quoteIdent, registerTransform, TransformError } from "@dataloader/dataloader";
import { z } from "zod";

const MaskConfig = z.strictObject({
  columns: z.array(z.string()).min(1).describe("Text columns to mask."),
  keep: z.int().min(0).default(4).describe("How many characters at the end stay readable."),
});

registerTransform(
  "mask",
  defineTransform<z.infer<typeof MaskConfig>>({
    name: "mask",
    summary: "Hide all but the end of texts",
    config: MaskConfig,
    examples: [],
    keepsRows: true,
    sql({ relation, schema }, { columns, keep }) {
      const missing = columns.find((name) => !schema.fields.some((field) => field.name === name));
      if (missing !== undefined) {
        throw new TransformError("UNKNOWN_COLUMN", `There is no column "${missing}" to mask.`, {
          hint: `columns are: ${schema.fields.map((field) => field.name).join(", ")}`,
        });
      }
      const masked = columns.map((name) => {
        const column = quoteIdent(name);
        return `repeat('*', greatest(length(${column}) - ${keep}, 0)) || right(${column}, ${keep}) AS ${column}`;
      });
      return `SELECT * REPLACE (${masked.join(", ")}) FROM ${relation}`;
    },
  }),
);
