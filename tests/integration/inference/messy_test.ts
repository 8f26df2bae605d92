/**
 * Files that people have made, and what is found of their columns. Sources and licences: tests/fixtures/messy/README.md.
 * A type with "?" has empty fields.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inferSchema } from "../../../src/app/inspect.ts";
import { prepareRecipe } from "../../../src/app/prepare.ts";
import { DataLoaderError, formatType } from "../../../src/sdk/mod.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/messy/", import.meta.url)).replaceAll("\\", "/");

/** Rows, and the type of each column. */
const FILES: Record<string, [number, Record<string, string>]> = {
  "airports.csv": [59, {
    "iata": "string",
    "name": "string",
    "city": "string",
    "state": "string",
    "country": "string",
    "latitude": "float",
    "longitude": "float",
  }],
  "birdstrikes.csv": [59, {
    "Airport Name": "string",
    "Aircraft Make Model": "string",
    "Effect Amount of damage": "string",
    "Flight Date": "date",
    "Aircraft Airline Operator": "string",
    "Origin State": "string",
    "Phase of flight": "string",
    "Wildlife Size": "string",
    "Wildlife Species": "string",
    "Time of day": "string",
    "Cost Other": "int64",
    "Cost Repair": "int64",
    "Cost Total $": "int64",
    "Speed IAS in knots": "int64?",
  }],
  "co2.csv": [59, {
    "date": "int64",
    "co2": "decimal(18,1)?",
  }],
  "danish_data.csv": [55, {
    "period": "string",
    "lrm": "float",
    "lry": "float",
    "lpy": "float",
    "ibo": "float",
    "ide": "float",
  }],
  "elec_equip.csv": [39, {
    "DATE": "string",
    "STS.M.I7.W.TOVT.NS0016.4.000": "float",
  }],
  "github.csv": [59, {
    "time": "string",
    "count": "int64",
  }],
  "hourly_normals.csv": [39, {
    "date": "datetime",
    "pressure": "decimal(18,1)",
    "temperature": "decimal(18,1)",
    "wind": "decimal(18,1)",
  }],
  "la-riots.csv": [63, {
    "first_name": "string",
    "last_name": "string",
    "age": "int64?",
    "gender": "string",
    "race": "string",
    "death_date": "date",
    "address": "string",
    "neighborhood": "string",
    "type": "string",
    "longitude": "float",
    "latitude": "float",
  }],
  "modechoice.csv": [39, {
    "individual": "int64",
    "mode": "int64",
    "choice": "int64",
    "ttme": "int64",
    "invc": "int64",
    "invt": "int64",
    "gc": "int64",
    "hinc": "int64",
    "psize": "int64",
  }],
  "scotvote.csv": [32, {
    "COUNCILDIST": "string",
    "YES": "float",
    "COUTAX": "int64",
    "UNEMPF": "float",
    "MOR": "int64",
    "ACT": "float",
    "GDP": "int64",
    "AGE": "float",
    "COUTAX_FEMALEUNEMP": "float",
  }],
  "sp500.csv": [123, {
    "date": "string",
    "price": "float",
  }],
  "spectrum/comma_in_quotes.csv": [1, {
    "first": "string",
    "last": "string",
    "address": "string",
    "city": "string",
    "zip": "string",
  }],
  "spectrum/empty.csv": [2, {
    "a": "int64",
    "b": "int64?",
    "c": "int64?",
  }],
  "spectrum/empty_crlf.csv": [2, {
    "a": "int64",
    "b": "int64?",
    "c": "int64?",
  }],
  "spectrum/escaped_quotes.csv": [2, {
    "a": "int64",
    "b": "string",
  }],
  "spectrum/json.csv": [1, {
    "key": "int64",
    "val": "json",
  }],
  "spectrum/location_coordinates.csv": [1, {
    "Contact Phone Number": "int64",
    "Location Coordinates": "string",
    "Cities": "string",
    "Counties": "string",
  }],
  "spectrum/newlines.csv": [3, {
    "a": "string",
    "b": "int64",
    "c": "int64",
  }],
  "spectrum/newlines_crlf.csv": [3, {
    "a": "string",
    "b": "int64",
    "c": "int64",
  }],
  "spectrum/quotes_and_newlines.csv": [2, {
    "a": "int64",
    "b": "string",
  }],
  "spectrum/simple.csv": [1, {
    "a": "int64",
    "b": "int64",
    "c": "int64",
  }],
  "spectrum/simple_crlf.csv": [1, {
    "a": "int64",
    "b": "int64",
    "c": "int64",
  }],
  "spectrum/utf8.csv": [2, {
    "a": "int64",
    "b": "int64",
    "c": "string",
  }],
  "stata_dates.csv": [2, {
    "datetime_c": "int64",
    "datetime_big_c": "int64",
    "date": "int64",
    "weekly_date": "int64",
    "monthly_date": "int64",
    "quarterly_date": "int64",
    "half_yearly_date": "int64",
    "yearly_date": "int64",
  }],
  "statecrime.csv": [51, {
    "state": "string",
    "violent": "decimal(18,1)",
    "murder": "decimal(18,1)",
    "hs_grad": "decimal(18,1)",
    "poverty": "decimal(18,1)",
    "single": "decimal(18,1)",
    "white": "float",
    "urban": "float",
  }],
  "us-employment.csv": [39, {
    "month": "date",
    "nonfarm": "int64",
    "private": "int64",
    "goods_producing": "int64",
    "service_providing": "int64",
    "private_service_providing": "int64",
    "mining_and_logging": "int64",
    "construction": "int64",
    "manufacturing": "int64",
    "durable_goods": "int64",
    "nondurable_goods": "int64",
    "trade_transportation_utilties": "int64",
    "wholesale_trade": "float",
    "retail_trade": "float",
    "transportation_and_warehousing": "float",
    "utilities": "float",
    "information": "int64",
    "financial_activities": "int64",
    "professional_and_business_services": "int64",
    "education_and_health_services": "int64",
    "leisure_and_hospitality": "int64",
    "other_services": "int64",
    "government": "int64",
    "nonfarm_change": "int64",
  }],
  "zipcodes.csv": [59, {
    "zip_code": "string",
    "latitude": "float",
    "longitude": "float",
    "city": "string",
    "state": "string",
    "county": "string",
  }],
};

async function inferred(file: string, options = ""): Promise<[number, Record<string, string>]> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/recipe.yaml`,
      `name: messy
source: {type: csv, path: ${JSON.stringify(FOLDER + file)}${options}}
destination: {type: parquet, path: out/}
`,
    );
    const { plan } = await prepareRecipe(`${folder}/recipe.yaml`);
    const [found] = await inferSchema(plan, { stateDirectory: folder });
    const columns = found!.columns.map(({ name, type, nullable }): [string, string] => [
      name,
      `${formatType(type)}${nullable ? "?" : ""}`,
    ]);
    return [found!.rows, Object.fromEntries(columns)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("files that people have made", async (t) => {
  for (const [file, expected] of Object.entries(FILES)) {
    await t.step(file, async () => assert.deepEqual(await inferred(file), expected));
  }
});

Deno.test("numbers without a header are not taken for names, NaN among them", async () => {
  await assert.rejects(
    inferred("bds_results.csv"),
    (error: DataLoaderError) => error.code === "HEADER_UNCLEAR" && error.hint!.includes("header: false"),
  );
  assert.deepEqual(await inferred("bds_results.csv", ", header: false"), [20, {
    column_1: "decimal(18,8)",
    column_2: "decimal(18,8)",
    column_3: "float",
    column_4: "float",
    column_5: "float",
    column_6: "decimal(18,8)",
    column_7: "decimal(18,8)",
  }]);
});

Deno.test("a title above the table is told with its line", async () => {
  await assert.rejects(inferred("scotland_population.csv"), (error: DataLoaderError) => {
    assert.equal(error.code, "CSV_ERROR");
    assert.match(error.message, /line 12/);
    return true;
  });
});

Deno.test("every file is in the README of the fixtures", async () => {
  const readme = await Deno.readTextFile(`${FOLDER}README.md`);
  for await (const entry of Deno.readDir(FOLDER)) {
    if (entry.name !== "README.md") assert.ok(readme.includes(`\`${entry.name}`), entry.name);
  }
});
