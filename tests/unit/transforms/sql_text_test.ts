import { deepEqual, equal, match } from "node:assert/strict";
import { checkExpression, checkSelect, codeOf, sqlPieces } from "../../../src/transforms/sql_text.ts";

Deno.test("sqlPieces cuts code, texts and comments", async (test) => {
  const cases: [sql: string, code: string][] = [
    ["a = 'x;y' -- c\n AND b", "a = ''   AND b"],
    ["'it''s' \"q\"\"n\" c", "'' '' c"],
    ["$$a'b$$ || $t$;$$;$t$", "'' || ''"],
    ["E'a\\';' || e'x' || nameE'y'", "'' || '' || nameE''"],
    ["a /* b /* ; */ c */ d", "a   d"],
    ["$1 + a$b", "$1 + a$b"],
    ["a--b", "a "],
    ["a - -b / * c", "a - -b / * c"],
    ["é'ü'", "é''"],
    ["", ""],
  ];
  for (const [sql, code] of cases) {
    await test.step(sql, () => {
      const pieces = sqlPieces(sql);
      equal(codeOf(pieces), code.replace("  AND", " \n AND").replace(" \n", " \n"));
      equal(pieces.map((piece) => piece.text).join(""), sql);
    });
  }
});

Deno.test("expressions and selects that are not one are refused", async (test) => {
  const cases: [check: "expression" | "select", sql: string, message: RegExp | undefined][] = [
    ["expression", "a > 1", undefined],
    ["expression", "a IN (1, 2) AND [1, 2][1] = {'a': 1, 'b': 2}.a", undefined],
    ["expression", "a, b", /more than one expression/],
    ["expression", "a; b", /more than one statement/],
    ["expression", "a)", /closes a bracket/],
    ["expression", "/* a", /comment that does not end/],
    ["expression", "$x$ a", /text in \$x\$ that does not end/],
    ["expression", "  ", /is empty/],
    ["select", "SELECT 1;", undefined],
    ["select", "SELECT 1; -- done", undefined],
    ["select", " \n (SELECT 1) UNION SELECT 2", undefined],
    ["select", "with a AS (SELECT 1) FROM a", undefined],
    ["select", "SELECT 1;;", /more than one statement/],
    ["select", "INSERT INTO x SELECT 1", /has to be a SELECT, not INSERT/],
    ["select", "SET x = 1", /has to be a SELECT, not SET/],
    ["select", "42", /has to be a SELECT/],
  ];
  for (const [check, sql, message] of cases) {
    await test.step(`${check} ${sql}`, () => {
      const run = () => check === "expression" ? checkExpression(sql, "where") : checkSelect(sql, "query");
      if (message === undefined) return void run();
      let thrown: unknown;
      try {
        run();
      } catch (error) {
        thrown = error;
      }
      match((thrown as Error).message, message);
    });
  }
  deepEqual(checkSelect("SELECT 1 ;\n", "query").map((piece) => piece.text), ["SELECT 1 "]);
});
