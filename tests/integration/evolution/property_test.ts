/** Whatever comes after them, rows that are loaded stay as they are: random schemas and random changes of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { load } from "./run.ts";
import { duckdbTarget, type EvolutionTarget, parquetTarget } from "./targets.ts";

/** Types with some values each, as SQL. */
const TYPES: Record<string, readonly string[]> = {
  TINYINT: ["1", "-128"],
  INTEGER: ["7", "2147483647"],
  BIGINT: ["9007199254740993", "-5"],
  UBIGINT: ["18446744073709551615"],
  "DECIMAL(5,2)": ["1.50", "-999.99"],
  "DECIMAL(20,6)": ["12345678901234.567891"],
  DOUBLE: ["0.1", "1e300"],
  BOOLEAN: ["true", "false"],
  DATE: ["'2024-02-29'"],
  TIMESTAMP: ["'2024-02-29 12:30:00.000001'"],
  TIMESTAMPTZ: ["'2024-02-29 12:30:00+00'"],
  TIME: ["'23:59:59'"],
  VARCHAR: ["'007'", "''", "'größe'", "'1.5'"],
  UUID: ["'5b6f3a44-1c1e-4f5e-9b1a-0d7e3a0c1f00'"],
};
const NAMES = ["a", "b", "c", "Select", "A long name, with a comma"];

const column = fc.record({
  name: fc.constantFrom(...NAMES),
  type: fc.constantFrom(...Object.keys(TYPES)),
  value: fc.nat(3),
  null: fc.boolean(),
});
const rows = fc.uniqueArray(column, {
  minLength: 1,
  maxLength: 4,
  selector: ({ name }) => name.toLowerCase(),
});
const action = fc.record({
  on_new_column: fc.constantFrom("evolve", "freeze", "discard_column", "discard_row"),
  on_missing_column: fc.constantFrom("evolve", "freeze"),
  on_type_change: fc.constantFrom("evolve", "freeze", "discard_column", "discard_row", "variant"),
});
const loads = fc.array(fc.record({ rows, action }), { minLength: 2, maxLength: 4 });

type Loaded = typeof loads extends fc.Arbitrary<(infer T)[]> ? T : never;

function select({ rows }: Loaded, id: number): string {
  const items = rows.map(({ name, type, value, null: none }) => {
    const values = TYPES[type]!;
    return `CAST(${none ? "NULL" : values[value % values.length]} AS ${type}) AS "${name}"`;
  });
  return `SELECT ${id} AS id, ${items.join(", ")}`;
}

/** The values of rows by id and column, NULLs left out: numbers without trailing zeros, which another type may add. */
async function values(target: EvolutionTarget, folder: string): Promise<Map<string, string>> {
  const { columns, rows } = await target.read(folder);
  const names = columns.map((text) => /^(.*?) (struct<.*>|array<.*>|\S+)$/.exec(text)![1]!);
  const id = names.indexOf("id");
  const found = new Map<string, string>();
  for (const row of rows) {
    row.forEach((value, i) => {
      if (value !== null) found.set(`${row[id]} ${names[i]!.toLowerCase()}`, plain(value));
    });
  }
  return found;
}

function plain(value: string): string {
  if (/^-?\d+\.\d+$/.test(value)) return value.replace(/\.?0+$/, "");
  // A date in a column of datetimes is midnight.
  return value.replace(/ 00:00:00$/, "");
}

for (const target of [duckdbTarget, parquetTarget]) {
  Deno.test(`no load changes or loses a row that was loaded before: ${target.name}`, async () => {
    let refused = 0;
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(loads, async (all) => {
        const folder = await Deno.makeTempDir({ prefix: "dataloader_evolution_" });
        try {
          let before = new Map<string, string>();
          for (const [i, one] of all.entries()) {
            const actions = Object.entries(one.action).map(([key, value]) => `${key}: ${value}`).join(", ");
            const summary = await load(target, folder, {
              rows: select(one, i),
              schema: `  evolution: {${actions}}`,
            });
            if (summary.error !== undefined) {
              refused++;
              assert.match(summary.error.code ?? "", /^SCHEMA_/, JSON.stringify(summary.error));
            } else loaded++;
            if (i === 0 && summary.error !== undefined) return;
            // Files of types that DuckDB itself can't read together are read one by one elsewhere.
            const after = await values(target, folder).catch((error) => {
              if (target.table) throw error;
              return undefined;
            });
            if (after === undefined) return;
            for (const [key, value] of before) {
              // Two files may hold a column as an integer and as a float: read together it is a float.
              const same = after.get(key) === value ||
                (!target.table && Number(after.get(key)) === Number(value));
              assert.ok(same, `${key}: ${value} became ${after.get(key)}`);
            }
            assert.equal(
              summary.rows_read,
              summary.rows_written + summary.rows_rejected + (summary.error ? summary.rows_read : 0),
            );
            before = after;
          }
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      }),
      { numRuns: Number(Deno.env.get("EVOLUTION_RUNS") ?? 12) },
    );
    assert.ok(loaded > 0 && refused > 0, `${loaded} loads, ${refused} refused`);
  });
}
