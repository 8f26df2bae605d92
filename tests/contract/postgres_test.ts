import { testConnector } from "./both.ts";
import { testDestination } from "./destination.ts";
import { postgresSystem } from "./postgres_place.ts";
import { testSource } from "./source.ts";

const system = postgresSystem({
  becomes: {
    int8: "int16",
    uint8: "int16",
    uint16: "int32",
    uint32: "int64",
    uint64: "decimal(20,0)",
    "array<array<int32>>": "json",
    "struct<age: int32, name: string>": "json",
    "array<struct<sku: string, price: decimal(10,2)>>": "json",
  },
  lacks: {
    "S1 long_names": "the server has no names of more than 63 bytes",
    "S1 system_names": "the server keeps these names for itself",
    "S1 texts_nul": "the server's texts don't hold U+0000",
  },
});

testConnector(system);
testSource(system);
testDestination(system);
