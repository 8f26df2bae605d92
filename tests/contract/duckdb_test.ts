import { testConnector } from "./both.ts";
import { testDestination } from "./destination.ts";
import { duckdbSystem } from "./duckdb_place.ts";
import { testSource } from "./source.ts";

testConnector(duckdbSystem);
testSource(duckdbSystem);
testDestination(duckdbSystem);
