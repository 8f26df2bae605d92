/** What the formats lose or do to types, for the connector's page; per column, `describe` warns of it. */

/** One sentence each. */
export const TYPE_NOTES: readonly string[] = [
  "csv has no types: they are found by looking at the first rows of some files, or given under `columns:`. Numbers with a leading zero or +, and whatever a type would not give back as it was written, stay text.",
  'csv keeps NULL (an empty field) and the empty text ("") apart.',
  "csv and json write binary values as base64 text; csv writes lists, structs and json values as JSON text.",
  "json and jsonl write decimals and int64 with all digits, but numbers with a fraction are read as 64-bit floats; NaN and infinity become null.",
  "json and jsonl have no dates: they are written as text and read back as dates where they have ISO form.",
  "A time with a zone is kept as an instant in UTC; the name of the zone is not kept by any format.",
  "parquet keeps all types exactly, but intervals, which it has to the millisecond only.",
];
