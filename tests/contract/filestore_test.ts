import { testConnector } from "./both.ts";
import { testDestination } from "./destination.ts";
import { filestoreSystem } from "./filestore_place.ts";
import { testSource } from "./source.ts";

const FAR = "in text, dates have the years 0001 to 9999";
const text = { "S1 dates_far": FAR, "D1 dates_far": FAR };

const csv = {
  ...text,
  "S1 texts_nul": "text files don't hold U+0000",
  "D4 texts_nul": "U+0000 is written, and the reader refuses the file",
  "S4 spaced_names": "spaces around the names of a CSV header are cut",
  "D4 spaced_names": "spaces around the names of a CSV header are cut",
};

const DOUBLES = "the engine reads JSON numbers as doubles: more digits are an error";
const HARD = "in a JSON file, null is NULL and numbers are doubles";
const json = {
  ...text,
  "S1 decimals_38": DOUBLES,
  "D1 decimals_38": DOUBLES,
  "D1 decimals": DOUBLES,
  "S20 decimal(38,10)": DOUBLES,
  "S1 json_hard": HARD,
  "D1 json_hard": HARD,
  "S1 floats_beyond": "JSON has no infinity: a number that would become one is refused, its name as text too",
  "D1 floats_beyond": "JSON has no NaN and no infinity: they are written as null, with a warning",
};

const SIGNED = "Parquet refuses intervals with a sign";
const parquet = { "S1 intervals_signed": SIGNED, "D1 intervals_signed": SIGNED };

const systems = [
  filestoreSystem("csv", { lacks: csv }),
  filestoreSystem("json", { lacks: json }),
  filestoreSystem("jsonl", { lacks: json }),
  filestoreSystem("parquet", { lacks: parquet }),
];
for (const system of systems) {
  testConnector(system);
  testSource(system);
  testDestination(system);
}

/** Written anew each time; read as any other file. */
const one = filestoreSystem("parquet", {
  one: true,
  name: "filestore, one parquet file",
  modes: ["overwrite"],
  lacks: { "D1 intervals_signed": SIGNED, D5: "one file is replaced whole and keeps no position" },
});
testConnector(one);
testDestination(one);
