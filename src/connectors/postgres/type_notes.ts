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
];
