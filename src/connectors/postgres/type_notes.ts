/** What the mappings lose or change; shown on the connector's page. */
export const TYPE_NOTES: readonly string[] = [
  "Reading: numeric without a precision, or with more than 38 digits, is read as text, which is exact whatever its size. " +
  "Give it one in a query (amount::numeric(18,2)) to have a decimal. NaN in a column with a precision is an error.",
  "Reading: timestamps after 294247-01-10 and intervals with more than 292 years of hours are errors; infinity and -infinity of " +
  "dates and timestamps stay that in DuckDB, and are the largest and smallest value in file formats that have no infinity.",
  "Reading: inet, cidr, macaddr, money, bit, time with time zone, xml, ranges, geometric types, hstore, composite and all " +
  "other types are read as the text that the server writes for them.",
  "Reading: arrays are lists; where they start at another index than 1 is lost. Arrays declared with several dimensions are " +
  "read as JSON; one that has several in a column declared with one is an error.",
  "Reading: enums are read as text; domains as the type they are made of; char(n) with its blanks; oid as a 32-bit unsigned " +
  "integer.",

  "Writing: new columns for json and struct, and for arrays that hold arrays or structs, are jsonb, which keeps neither " +
  "the order of keys nor doubled ones; json columns that are there keep the text.",
  "Writing: new columns for uint64 are numeric(20,0), for uint32 bigint, for uint16 integer, for int8 and uint8 smallint.",
  "Writing: PostgreSQL's text holds no NUL character (\\u0000): such a value is an error that names its row.",
  "Writing: integers go into narrower integer columns, times into columns with fewer digits, text into varchar(n), where " +
  "each value fits; one that does not is an error, never cut or rounded. char(n) pads with spaces, as it always does.",
  "Writing: text goes into uuid, json, enum, inet, ranges and other types that are written as text, and into numeric without a " +
  "precision where it is the number as PostgreSQL writes it; for other numbers, booleans, dates, times and bytea it must be " +
  "cast by a step.",
];
