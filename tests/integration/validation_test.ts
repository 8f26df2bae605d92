/** `validation` in whole runs: what becomes of rows, where they go, what is counted, and that nothing comes twice. */
import assert from "node:assert/strict";
import { sql } from "./database.ts";
import { CSV, recipe, reconcile, RULES, trial } from "./validation_trial.ts";

Deno.test("fail: nothing is loaded, the error names rule, place, value and counts", () =>
  trial({ "r.yaml": recipe({}) }, async (it) => {
    const { status, error, rows_written, resources } = await it.run();
    assert.equal(status, "failed");
    assert.equal(rows_written, 0);
    assert.equal(error?.code, "VALIDATION_FAILED");
    assert.match(
      error!.message,
      /^1 row breaks the rule "email.required": "email" is missing\. So do rows for 5 more/,
    );
    assert.deepEqual([error!.location?.line, error!.location?.column], [8, 46]);
    assert.match(error!.hint!, /on_error/);
    assert.equal(resources[0]!.validation?.rows_failed, 3);
    assert.deepEqual(await it.rows("SELECT count(*)::INTEGER FROM duckdb_tables() WHERE table_name = 't'"), [[
      0,
    ]]);
  }));

Deno.test("skip, warn and quarantine, and each for a rule of its own", async (t) => {
  await t.step("skip", () =>
    trial({ "r.yaml": recipe({ validation: "on_error: skip" }) }, async (it) => {
      const summary = await it.run();
      reconcile(summary);
      assert.equal(await it.ids(), "1,4");
      assert.deepEqual(
        [summary.rows_read, summary.rows_written, summary.rows_rejected],
        [5, 2, 3],
      );
    }));
  await t.step("warn", () =>
    trial({ "r.yaml": recipe({ validation: "on_error: warn" }) }, async (it) => {
      const summary = await it.run();
      reconcile(summary);
      assert.equal(await it.ids(), "1,2,3,4,5");
      assert.equal(summary.resources[0]!.validation?.rows_warned, 3);
      const warnings = it.events.filter((event) => event.type === "log" && event.level === "warning");
      assert.match(
        JSON.stringify(warnings),
        /3 rows that were loaded break rules that only warn: they break .*email/,
      );
    }));
  await t.step("quarantine into a table", () =>
    trial(
      { "r.yaml": recipe({ validation: "on_error: quarantine\n  quarantine_table: bad" }) },
      async (it) => {
        const summary = await it.run();
        reconcile(summary);
        assert.equal(await it.ids(), "1,4");
        assert.deepEqual(
          await it.rows(
            `SELECT recipe, resource, sequence::INTEGER, source, row ->> 'id' AS id, row ->> 'age' AS age,
                    list_sort([b ->> 'rule' FOR b IN CAST(broken AS JSON[])])::VARCHAR,
                    (rejected_at <= now())::VARCHAR
             FROM bad ORDER BY id`,
          ),
          [
            ["v", "main", 1, "in.csv", "2", "200", "[age.max, email.type, status.values]", "true"],
            ["v", "main", 1, "in.csv", "3", "abc", "[age.type, email.required]", "true"],
            ["v", "main", 1, "in.csv", "5", "-1", "[age.min]", "true"],
          ],
        );
        const [[broken]] = await it.rows("SELECT broken::VARCHAR FROM bad WHERE row ->> 'id' = '5'") as [
          [string],
        ];
        assert.deepEqual(JSON.parse(broken), [{
          rule: "age.min",
          column: "age",
          value: "-1",
          message: "is less than 0",
          place: "r.yaml:10:41",
        }]);
        assert.equal((await it.rows("SELECT run_id FROM bad LIMIT 1"))[0]![0], summary.run_id);
      },
    ));
  await t.step("by rule: the strongest of those that a row breaks", () =>
    trial({
      "r.yaml": recipe({
        validation: "on_error: warn\n  quarantine: bad.jsonl",
        rules: `
    - {column: email, type: email, on_error: quarantine}
    - {column: email, required: true, on_error: skip}
    - {column: age, type: integer, min: 0, max: 150, on_error: skip}
    - {column: status, values: [active, suspended], severity: info}
`,
      }),
    }, async (it) => {
      const summary = await it.run();
      reconcile(summary);
      assert.equal(await it.ids(), "1,4");
      assert.deepEqual((await it.lines("bad.jsonl")).map(({ row }) => (row as { id: number }).id), [2]);
      const { rows_skipped, rows_quarantined, rules } = summary.resources[0]!.validation!;
      assert.deepEqual([rows_skipped, rows_quarantined], [2, 1]);
      assert.deepEqual(rules.map(({ name, severity, on_error, rows }) => [name, severity, on_error, rows]), [
        ["email.type", "error", "quarantine", 1],
        ["email_2.required", "error", "skip", 1],
        ["age.type", "error", "skip", 1],
        ["age.min", "error", "skip", 1],
        ["age.max", "error", "skip", 1],
        ["status.values", "info", "warn", 1],
      ]);
    }));
});

Deno.test("a row is quarantined as it came: exact numbers, NULL, nested values, all characters", () =>
  trial({
    "r.yaml": recipe({
      source: "{type: parquet, path: in.parquet}",
      rules: "\n    - {column: id, max: 0}\n",
      validation: "on_error: quarantine\n  quarantine_table: bad",
    }),
  }, async (it) => {
    await sql(
      `COPY (SELECT 9007199254740993 AS id, 12345678901234567890.123456789012345678::DECIMAL(38,18) AS d, 'nan'::DOUBLE AS f,
              0.1::DOUBLE AS g, E'tab\\t, "quote", line\\nbreak, größe 🚀' AS s, NULL::VARCHAR AS n, '' AS e,
              DATE '2024-02-29' AS day, TIMESTAMP '2024-01-01 10:00:00.123456' AS ts, [1, NULL] AS l,
              {'a': 'x', 'b': [1.5]} AS st, '\\x00\\xFF'::BLOB AS bin, true AS b) TO '${it.home}/in.parquet'`,
    );
    reconcile(await it.run());
    const [[row]] = await it.rows("SELECT row::VARCHAR FROM bad") as [[string]];
    assert.match(row, /"id":9007199254740993,/);
    const { id: _id, ...rest } = JSON.parse(row);
    assert.deepEqual(rest, {
      d: "12345678901234567890.123456789012345678",
      f: "nan",
      g: 0.1,
      s: 'tab\t, "quote", line\nbreak, größe 🚀',
      n: null,
      e: "",
      day: "2024-02-29",
      ts: "2024-01-01 10:00:00.123456",
      l: [1, null],
      st: { a: "x", b: [1.5] },
      bin: "AP8=",
      b: true,
    });
  }));

Deno.test("quarantine in files: one file, a folder; a run that replaces all rows replaces them too", async (t) => {
  for (
    const [quarantine, path] of [["q/bad.jsonl", "q/bad.jsonl"], [
      "q/bad/",
      "q/bad/v.main.00000001.jsonl",
    ]] as const
  ) {
    await t.step(quarantine, () =>
      trial({
        "r.yaml": recipe({
          validation: `on_error: quarantine\n  quarantine: ${quarantine}`,
          destination: "{type: parquet, path: out.parquet}",
        }),
      }, async (it) => {
        reconcile(await it.run());
        const lines = await it.lines(path);
        assert.deepEqual(Object.keys(lines[0]!), [
          "recipe",
          "resource",
          "sequence",
          "run_id",
          "source",
          "rejected_at",
          "broken",
          "row",
        ]);
        assert.deepEqual(lines.map(({ row }) => (row as { id: number }).id).sort(), [2, 3, 5]);
        // The file of another recipe, or its lines, stay.
        if (!quarantine.endsWith("/")) {
          await Deno.writeTextFile(`${it.home}/${path}`, '{"recipe":"other","x":1}\n', { append: true });
        }
        await it.write({
          "in.csv": CSV.replace("nope", "n@o.pe").replace("200", "20").replace("gone", "active"),
        });
        reconcile(await it.run());
        const files = quarantine.endsWith("/")
          ? [...Deno.readDirSync(`${it.home}/q/bad`)].map(({ name }) => name)
          : ["bad.jsonl"];
        assert.equal(files.length, 1);
        const now = await it.lines(quarantine.endsWith("/") ? `q/bad/${files[0]}` : path);
        assert.deepEqual(
          now.filter(({ recipe }) => recipe === "v").map(({ row }) => (row as { id: number }).id).sort(),
          [3, 5],
        );
        assert.equal(now.length, quarantine.endsWith("/") ? 2 : 3);
      }));
  }
});

Deno.test("overwrite replaces the rows of the quarantine table; append adds to them", async () => {
  for (const [mode, expected] of [["overwrite", 3], ["append", 6]] as const) {
    await trial({
      "r.yaml": recipe({
        validation: "on_error: quarantine\n  quarantine_table: side.bad",
        destination: `{type: duckdb, database: o.duckdb, table: t, write_mode: ${mode}}`,
      }),
    }, async (it) => {
      await it.run();
      await it.run();
      assert.deepEqual(await it.rows("SELECT count(*)::INTEGER FROM side.bad"), [[expected]], mode);
    });
  }
});

Deno.test("thresholds: rows and shares, of the block and of a rule", async (t) => {
  const cases: [string, string, string | undefined][] = [
    ["max_bad_rows: 2", RULES, "At least 3 rows are rejected, and max_bad_rows is 2"],
    ["max_bad_rows: 3", RULES, undefined],
    ["max_bad_fraction: 0.5", RULES, "3 of 5 rows are rejected (60 %), and max_bad_fraction is 50 %"],
    ["max_bad_fraction: 0.6", RULES, undefined],
    [
      "",
      "\n    - {column: age, max: 0, max_bad_rows: 1}\n",
      '2 rows break the rule "age", and its max_bad_rows is 1',
    ],
    [
      "",
      "\n    - {column: age, max: 0, max_bad_fraction: 0.1}\n",
      "(40 %), and its max_bad_fraction is 10 %",
    ],
    ["", "\n    - {column: age, max: 0, max_bad_rows: 2, on_error: warn}\n", undefined],
  ];
  for (const [limit, rules, message] of cases) {
    await t.step(`${limit}${rules.trim()}`, () =>
      trial({
        "r.yaml": recipe({
          rules,
          validation: `on_error: quarantine\n  quarantine: bad.jsonl\n  ${limit}`,
        }),
        "in.csv": rules === RULES ? CSV : "id,age\n1,5\n2,0\n3,7\n4,0\n5,0\n",
      }, async (it) => {
        const summary = await it.run();
        assert.equal(summary.status, message === undefined ? "succeeded" : "failed", summary.error?.message);
        if (message === undefined) return;
        assert.equal(summary.error?.code, "TOO_MANY_BAD_ROWS");
        assert.ok(summary.error!.message.includes(message), summary.error!.message);
        assert.equal(summary.rows_written, 0);
        await assert.rejects(Deno.stat(`${it.home}/bad.jsonl`), Deno.errors.NotFound);
      }));
  }
});

Deno.test("a run that is to fail does not read millions of rows first", () =>
  trial({
    "r.yaml": recipe({
      source: "{type: parquet, path: in.parquet}",
      rules: "\n    - {column: id, max: 0}\n",
    }),
  }, async (it) => {
    await sql(`COPY (SELECT i AS id FROM range(1, 2000001) AS t(i)) TO '${it.home}/in.parquet'`);
    const { error } = await it.run();
    assert.equal(error?.code, "VALIDATION_FAILED");
    const rows = Number(/^At least (\d+) rows break/.exec(error!.message)?.[1]);
    assert.ok(rows >= 1000 && rows < 200_000, error!.message);
  }));

Deno.test("unique: the first row is kept, also before rows of earlier runs, and not for rows that others leave out", async (t) => {
  const unique = (more = "") =>
    `\n    - {column: id, min: 0, on_error: skip}\n    - {column: email, unique: true${more}}\n`;
  await t.step("within a batch; NULLs are no values", () =>
    trial({
      "in.csv": "id,email\n1,a\n2,b\n3,a\n4,\n5,\n-1,c\n6,c\n7,c\n",
      "r.yaml": recipe({
        rules: unique(),
        validation: "on_error: skip",
        source: "{type: csv, path: in.csv}",
      }),
    }, async (it) => {
      const summary = await it.run();
      reconcile(summary);
      assert.equal(await it.ids(), "1,2,4,5,6");
      // Appended: what is there counts.
      await it.write({ "in.csv": "id,email\n8,b\n9,d\n" });
      reconcile(await it.run());
      assert.equal(await it.ids(), "1,2,4,5,6,9");
    }));
  await t.step("columns together", () =>
    trial({
      "in.csv": "id,a,b\n1,x,1\n2,x,2\n3,x,1\n4,y,1\n5,x,\n6,x,\n",
      "r.yaml": recipe({
        rules: "\n    - {columns: [a, b], unique: true}\n",
        validation: "on_error: skip",
        source: "{type: csv, path: in.csv}",
      }),
    }, async (it) => {
      reconcile(await it.run());
      assert.equal(await it.ids(), "1,2,4,5,6");
    }));
  await t.step("overwrite: what was there does not count", () =>
    trial({
      "in.csv": "id,email\n1,a\n",
      "r.yaml": recipe({
        rules: unique(),
        source: "{type: csv, path: in.csv}",
        destination: "{type: duckdb, database: o.duckdb, table: t, write_mode: overwrite}",
      }),
    }, async (it) => {
      await it.run();
      assert.equal((await it.run()).status, "succeeded");
    }));
  await t.step("merge: rows of one key are versions of one row", () =>
    trial({
      "in.csv": "id,email\n1,a\n1,a\n2,b\n",
      "r.yaml": recipe({
        rules: unique(),
        validation: "on_error: skip",
        source: "{type: csv, path: in.csv}",
        destination: "{type: duckdb, database: o.duckdb, table: t, write_mode: merge, merge_keys: [id]}",
      }),
    }, async (it) => {
      assert.equal((await it.run()).rows_rejected, 0);
      await it.write({ "in.csv": "id,email\n1,a\n3,a\n2,c\n" });
      assert.equal((await it.run()).rows_rejected, 1);
      assert.deepEqual(await it.rows("SELECT id::INTEGER, email FROM t ORDER BY id"), [[1, "a"], [2, "c"]]);
    }));
  await t.step("files: over the batches of a run", () =>
    trial({
      "in/1.csv": "id,email\n1,a\n2,b\n",
      "in/2.csv": "id,email\n3,b\n4,c\n",
      "r.yaml": recipe({
        rules: unique(),
        validation: "on_error: skip",
        source: "{type: csv, path: in/*.csv, incremental: {strategy: modified_time}}",
        destination: "{type: jsonl, path: out/}",
      }),
    }, async (it) => {
      reconcile(await it.run());
      const [row] = await sql(
        `SELECT string_agg(id, ',' ORDER BY id) AS ids FROM read_ndjson('${it.home}/out/*.jsonl')`,
      );
      assert.equal(row!.ids, "1,2,4");
    }));
});

Deno.test("references: a table of the destination, a query, a file", async (t) => {
  const cases: [string, string][] = [
    ["table", "{table: people, column: key}"],
    ["query", '{query: "SELECT key AS id FROM people WHERE key < 3"}'],
    ["file", "{file: people.csv, column: key}"],
  ];
  for (const [name, references] of cases) {
    await t.step(name, () =>
      trial({
        "in.csv": "n,id\na,1\nb,2\nc,9\nd,\n",
        "people.csv": "key\n1\n2\n",
        "r.yaml": recipe({
          rules: `\n    - {column: id, references: ${references}}\n`,
          validation: "on_error: quarantine\n  quarantine_table: bad",
          source: "{type: csv, path: in.csv}",
        }),
      }, async (it) => {
        await sql(
          `ATTACH '${it.home}/o.duckdb' AS db`,
          "CREATE TABLE db.people AS SELECT * FROM (VALUES (1), (2), (5)) AS t(key)",
        );
        const summary = await it.run();
        assert.equal(summary.error, undefined);
        reconcile(summary);
        assert.deepEqual(await it.rows("SELECT n FROM t ORDER BY n"), [["a"], ["b"], ["d"]]);
        assert.match(
          String((await it.rows("SELECT broken::VARCHAR FROM bad"))[0]![0]),
          /"value":"9","message":"is not in /,
        );
      }));
  }
});

Deno.test("functions: true, null, false and texts; in the order of rows; what they throw names the rule", () =>
  trial({
    "in.csv": "id,note\n1,fine\n2,bad\n3,worse\n4,\n",
    "rules.ts": `export function notes(rows, { params }) {
      return rows.map(({ note }) => note === "bad" ? false : note === "worse" ? \`says \${note} \${params.mark}\` : note === null ? null : true);
    }
    export const short = () => [];
    export const throws = () => { throw new Error("no idea"); };
    `,
    "r.yaml": recipe({
      rules: `\n    - {name: notes, function: {module: rules.ts, export: notes, params: {mark: "!"}}}\n`,
      validation: "on_error: quarantine\n  quarantine_table: bad",
      source: "{type: csv, path: in.csv}",
    }),
  }, async (it) => {
    const summary = await it.run();
    assert.equal(summary.error, undefined, summary.error?.message);
    reconcile(summary);
    assert.equal(await it.ids(), "1,4");
    assert.deepEqual(
      await it.rows("SELECT row ->> 'id', (CAST(broken AS JSON[]))[1] ->> 'message' FROM bad ORDER BY 1"),
      [["2", "is refused by notes of rules.ts"], ["3", "says worse !"]],
    );
    for (
      const [name, code, message] of [
        ["short", "FUNCTION_RESULT", /returned 0 verdicts for 4 rows/],
        ["throws", "FUNCTION_FAILED", /no idea/],
        ["missing", "FUNCTION_NOT_FOUND", /missing/],
      ] as const
    ) {
      await it.write({
        "r.yaml": recipe({
          rules: `\n    - {name: notes, function: {module: rules.ts, export: ${name}}}\n`,
          source: "{type: csv, path: in.csv}",
        }),
      });
      const { error } = await it.run();
      assert.equal(error?.code, code);
      assert.match(error!.message, message);
      assert.equal(error!.location?.line, 8);
    }
  }));

Deno.test("table rules: judged over the accepted rows of the run", async (t) => {
  const table = (rules: string, mode: string) =>
    `name: v
source: {type: csv, path: in.csv}
destination: {type: duckdb, database: o.duckdb, table: t, write_mode: ${mode}}
validation:
  rules: [{column: id, min: 0, on_error: skip}]
  table: [${rules}]
`;
  const DATA = "id,amount,at\n1,10,2024-01-01\n2,30,2024-01-02\n3,,2024-01-03\n-1,1000,2999-01-01\n";
  const cases: [string, RegExp | undefined][] = [
    ["{row_count: {min: 3, max: 3}}", undefined],
    ["{row_count: {min: 4}}", /row_count is 3 rows, and should be at least 4/],
    ["{row_count: {max: 2}, message: too many orders}", /too many orders/],
    ["{sum: {column: amount, min: 40, max: 40}}", undefined],
    ["{sum: {column: amount, max: 39.5}}", /sum of "amount" is 40, and should be at most 39.5/],
    ["{avg: {column: amount, min: 20, max: 20}}", undefined],
    ["{avg: {column: amount, min: 21, max: 30}}", /avg of "amount" is 20, and should be 21 to 30/],
    ["{completeness: {column: amount, min: 0.6}}", undefined],
    ["{completeness: {column: amount, min: 0.7}}", /66.666 %, and should be at least 70 %/],
    ["{freshness: {column: at, max_age: 100000 days}}", undefined],
    [
      "{freshness: {column: at, max_age: 1 day}}",
      /2024-01-03T00:00:00.000Z, and should be not older than 1 day/,
    ],
    ["{row_count: {min: 4}, on_error: warn}", undefined],
    ["{sum: {column: id2, min: 0}}", /"id2"/],
    ["{sum: {column: at, min: 0}}", /holds no numbers/],
  ];
  for (const [rule, message] of cases) {
    await t.step(rule, () =>
      trial({ "in.csv": DATA, "r.yaml": table(rule, "overwrite") }, async (it) => {
        const { error, resources } = await it.run();
        if (message === undefined) assert.equal(error, undefined, error?.message);
        else assert.match(error?.message ?? "", message);
        if (error?.code === "TABLE_RULE_BROKEN") {
          assert.equal(error.location?.line, 6);
          assert.equal(resources[0]!.validation!.table[0]!.passed, false);
        }
      }));
  }
  await t.step(
    "overwrite: a run that fails changes nothing, and the next one starts anew",
    () =>
      trial({ "in.csv": DATA, "r.yaml": table("{row_count: {min: 3}}", "overwrite") }, async (it) => {
        assert.equal((await it.run()).status, "succeeded");
        await it.write({ "in.csv": "id,amount,at\n7,1,2024-01-01\n" });
        const failed = await it.run();
        assert.equal(failed.error?.code, "TABLE_RULE_BROKEN");
        assert.equal(await it.ids(), "1,2,3");
        await it.write({ "in.csv": DATA.replace("1,10", "4,10") });
        const again = await it.run();
        assert.equal(again.status, "succeeded", again.error?.message);
        assert.equal(await it.ids(), "2,3,4");
      }),
  );
  await t.step(
    "append: the rows stay, the run fails, and the next one does not load them again",
    () =>
      trial({ "in.csv": DATA, "r.yaml": table("{row_count: {max: 1}}", "append") }, async (it) => {
        const failed = await it.run();
        assert.match(failed.error!.hint!, /rows of this run are loaded/);
        assert.equal(await it.ids(), "1,2,3");
      }),
  );
});

Deno.test("a dry run checks all rows, writes nothing, and reports", () =>
  trial({
    "r.yaml": recipe({ validation: "on_error: quarantine\n  quarantine: bad.jsonl" }),
  }, async (it) => {
    const { status, resources, rows_read } = await it.run({ dryRun: true });
    assert.equal(status, "succeeded");
    assert.equal(rows_read, 5);
    assert.equal(resources[0]!.validation!.rows_quarantined, 3);
    assert.deepEqual([...Deno.readDirSync(it.home)].map(({ name }) => name).sort(), ["in.csv", "r.yaml"]);
  }));

Deno.test("rules that are wrong are told with their place before anything is loaded", async (t) => {
  const cases: [string, string, RegExp][] = [
    ["{column: emial, required: true}", "RULE_COLUMN_MISSING", /did you mean "email"/],
    ["{column: age, pattern: '('}", "RULE_INVALID", /./],
    ["{name: x, expression: 'agee > 1'}", "RULE_INVALID", /./],
    ["{column: age, required: true, when: 'nothing'}", "RULE_INVALID", /./],
    ["{column: id, min: abc}", "RULE_INVALID", /./],
    ["{column: id, references: {table: nothing, column: id}}", "TABLE_NOT_FOUND", /./],
  ];
  for (const [rule, code, hint] of cases) {
    await t.step(rule, () =>
      trial({ "r.yaml": recipe({ rules: `\n    - ${rule}\n` }) }, async (it) => {
        const { error, rows_written } = await it.run();
        assert.equal(error?.code, code, JSON.stringify(error));
        assert.equal(error!.location?.line, 8);
        assert.match(error!.hint ?? "", hint);
        assert.equal(rows_written, 0);
      }));
  }
});

Deno.test("the dead letter and validation go together", () =>
  trial({
    "in.csv": "id,v\n1,5\n2,x\n3,-1\n4,7\n",
    "r.yaml": recipe({
      source: "{type: csv, path: in.csv, columns: {v: string}}",
      top:
        "transform: {steps: [{type: cast, columns: {v: int}}]}\nruntime: {dead_letter: {path: dead.jsonl}}",
      rules: "\n    - {column: v, min: 0}\n",
      validation: "on_error: quarantine\n  quarantine_table: bad",
    }),
  }, async (it) => {
    const summary = await it.run();
    assert.equal(summary.error, undefined, summary.error?.message);
    assert.equal(await it.ids(), "1,4");
    assert.equal(summary.rows_rejected, 2);
    assert.deepEqual((await it.lines("dead.jsonl")).map(({ row }) => (row as { id: number }).id), [2]);
    assert.deepEqual(await it.rows("SELECT row ->> 'id' FROM bad"), [["3"]]);
  }));

Deno.test("a merge reads rows at the last cursor value again: those in quarantine do not come there twice", () =>
  trial({
    "in.csv": "id,at\n1,1\n-2,1\n3,2\n-4,2\n",
    "r.yaml": recipe({
      source: "{type: csv, path: in.csv, incremental: {strategy: cursor, cursor_column: at}}",
      destination: "{type: duckdb, database: o.duckdb, table: t, write_mode: merge, merge_keys: [id]}",
      rules: "\n    - {column: id, min: 0}\n",
      validation: "on_error: quarantine\n  quarantine_table: bad",
    }),
  }, async (it) => {
    const quarantined = async () =>
      (await it.rows("SELECT string_agg(row ->> 'id', ',' ORDER BY 1) FROM bad"))[0]![0];
    await it.run();
    assert.equal(await quarantined(), "-2,-4");
    for (let i = 0; i < 2; i++) {
      await it.run();
      assert.equal(await quarantined(), "-2,-4");
    }
    await it.write({ "in.csv": "id,at\n1,1\n-2,1\n3,2\n-4,2\n-5,2\n6,3\n" });
    await it.run();
    assert.equal(await quarantined(), "-2,-4,-5");
    assert.equal(await it.ids(), "1,3,6");
  }));
