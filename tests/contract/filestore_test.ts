import { testConnector } from "./both.ts";
import { testDestination } from "./destination.ts";
import { filestoreSystem } from "./filestore_place.ts";
import { testSource } from "./source.ts";

const systems = [
  filestoreSystem("csv"),
  filestoreSystem("json"),
  filestoreSystem("jsonl"),
  filestoreSystem("parquet"),
  filestoreSystem("parquet", { one: true, name: "filestore, one parquet file", modes: ["overwrite"] }),
];

for (const system of systems) {
  testConnector(system);
  testSource(system);
  testDestination(system);
}
