import assert from "node:assert/strict";
import { z } from "zod";
import { configKeys } from "../../../src/cli/config_keys.ts";
import { asSecret, type JsonObject } from "../../../src/sdk/mod.ts";

Deno.test("configKeys names, types, defaults and secrets of a config", () => {
  const schema = z.strictObject({
    host: z.string().describe("The host"),
    port: z.int().default(5432),
    password: asSecret(z.string()).optional(),
    mode: z.enum(["a", "b"]).optional(),
    columns: z.record(z.string(), z.union([z.string(), z.strictObject({ type: z.string() })])).optional(),
    keys: z.array(z.string()).optional(),
    csv: z.strictObject({ quote: z.string().nullable() }).optional(),
  });
  const keys = configKeys(z.toJSONSchema(schema, { io: "input" }) as JsonObject);
  assert.deepEqual(keys.map(({ name, type, required }) => [name, type, required]), [
    ["host", "string", true],
    ["port", "integer", false],
    ["password", "string", false],
    ["mode", '"a" or "b"', false],
    ["columns", "mapping of name to string or mapping", false],
    ["keys", "list of string", false],
    ["csv", "mapping", false],
    ["csv.quote", "string or null", true],
  ]);
  assert.deepEqual([keys[0]!.description, keys[1]!.default, keys[2]!.secret], ["The host", 5432, true]);
});
