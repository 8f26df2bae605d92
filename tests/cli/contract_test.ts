import assert from "node:assert/strict";
import { parse } from "yaml";
import { createSession } from "../../src/batch/mod.ts";
import { Project } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

const RECIPE = `name: signups
description: People who signed up
source: {type: csv, path: in.csv}
destination: {type: duckdb, database: o.duckdb, table: people}
schema:
  columns:
    - {name: id, type: int, primary_key: true, description: Number of the person}
validation:
  on_error: skip
  rules:
    - {column: email, type: email, required: true, unique: true, max_length: 100}
    - {column: age, min: 18, when: "country <> 'FR'"}
    - {column: age, max: 150}
    - {column: status, values: [active, inactive]}
    - {column: country, pattern: "^[A-Z]{2}$", references: {file: countries.csv, column: code}}
    - {columns: [email, signed_up], unique: true}
    - {name: grown, expression: "age > 17 -- of age", on_error: warn, max_bad_rows: 3}
    - {column: signed_up, min: 2000-01-01, max: today}
  table:
    - row_count: {min: 1, max: 100}
    - avg: {column: age, min: 20}
    - completeness: {column: age, min: 0.5}
    - freshness: {column: signed_up, max_age: 1000 days}
`;

const CSV =
  "id,email,age,status,country,signed_up\n1,a@b.co,36,active,SE,2024-01-03\n2,nope,200,x,Sweden,1999-01-01\n";

const project = () => Project.create({ "r.yaml": RECIPE, "in.csv": CSV });

interface Quality {
  readonly name: string;
  readonly type: string;
  readonly query?: string;
  readonly mustBe?: number;
}

Deno.test("contract --format json-schema describes a row", async () => {
  await using dir = await project();
  const called = await dir.call(["contract", "r.yaml"]);
  assert.equal(called.code, 0, called.stderr);
  await assertSnapshot("contract_json_schema", called.stdout);
  const { required, properties } = JSON.parse(called.stdout);
  assert.deepEqual(required, ["id", "email"]);
  assert.deepEqual(properties.status, { type: ["string", "null"], enum: ["active", "inactive", null] });
});

Deno.test("contract --format odcs: each query counts the rows that break its rule", async () => {
  await using dir = await project();
  const called = await dir.call(["contract", "r.yaml", "--format", "odcs"]);
  assert.equal(called.code, 0, called.stderr);
  await assertSnapshot("contract_odcs", called.stdout);
  const document = parse(called.stdout);
  const [table] = document.schema;
  const quality: Quality[] = [
    ...table.properties.flatMap((property: { quality?: Quality[] }) => property.quality ?? []),
    ...table.quality,
  ];
  await using session = await createSession();
  const counts = new Map<string, number>();
  for (const { name, type, query } of quality) {
    if (type !== "sql") continue;
    const [row] = await session.query(query!.replaceAll("${table}", `read_csv('${dir.path("in.csv")}')`));
    counts.set(name, Number(Object.values(row!)[0]));
  }
  assert.deepEqual(
    ["email.type", "email.max_length", "age.min", "age_3.max", "grown", "signed_up.min", "signed_up.max"].map(
      (name) => counts.get(name),
    ),
    [1, 0, 0, 1, 0, 1, 0],
  );
  assert.equal(counts.get("age.avg"), 118);
  assert.equal(counts.get("age.completeness"), 1);
});

Deno.test("contract --offline opens nothing; without it a source that is not there is an error", async () => {
  await using dir = await Project.create({ "r.yaml": RECIPE });
  const offline = await dir.call(["contract", "r.yaml", "--offline"]);
  assert.equal(offline.code, 0, offline.stderr);
  assert.deepEqual(Object.keys(JSON.parse(offline.stdout).properties), [
    "id",
    "email",
    "age",
    "status",
    "country",
    "signed_up",
  ]);
  const online = await dir.call(["contract", "r.yaml"]);
  assert.equal(online.code, 1);
  assert.match(online.stderr, /FILE_NOT_FOUND|NO_FILES/);
  assert.match(online.stderr, /--offline/);
});
