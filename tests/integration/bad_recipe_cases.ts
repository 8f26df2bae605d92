/** Recipes that are wrong: exit code 2, and nothing is opened. */
import type { BadCase } from "./bad_input.ts";

const source = "source: {type: csv, path: good.csv}";
const destination = "destination: {type: duckdb, database: out.duckdb, table: rows}";

export const BAD_RECIPES: readonly BadCase[] = [
  {
    name: "broken YAML",
    recipe: `name: duckdb\n${source}\ndestination: [unclosed\n`,
    expected: { exit: 2, code: "INVALID_YAML", says: ["bad.yaml:"], hint: /\w/ },
  },
  {
    name: "unknown key",
    recipe: `name: duckdb\n${source}\ndestinaton: {type: duckdb}\n`,
    expected: { exit: 2, code: "UNKNOWN_KEY", says: ["destinaton", "bad.yaml:3:1"], hint: '"destination"' },
  },
  {
    name: "unknown key of a connector",
    recipe: `name: duckdb\n${source}\ndestination:\n  type: duckdb\n  database: out.duckdb\n  tabel: rows\n`,
    expected: { exit: 2, code: "UNKNOWN_KEY", says: ["tabel", "bad.yaml:6:3"], hint: '"table"' },
  },
  {
    name: "unknown connector",
    recipe: `name: duckdb\nsource: {type: cvs, path: good.csv}\n${destination}\n`,
    expected: { exit: 2, code: "UNKNOWN_CONNECTOR", says: ["cvs", "bad.yaml:2"], hint: '"csv"' },
  },
  {
    name: "missing variable",
    recipe: `name: duckdb\nsource: {type: csv, path: "{{ var('inbox') }}.csv"}\n${destination}\n`,
    expected: {
      exit: 2,
      code: "UNRESOLVED_VARIABLE",
      says: ["inbox", "source.path", "bad.yaml:2"],
      hint: "--var",
    },
  },
  {
    name: "missing environment variable",
    recipe:
      `name: duckdb\nsource: {type: csv, path: "{{ env_var('DATALOADER_TEST_UNSET') }}"}\n${destination}\n`,
    expected: {
      exit: 2,
      code: "UNRESOLVED_VARIABLE",
      says: ["DATALOADER_TEST_UNSET", "bad.yaml:2"],
      hint: /set|env/i,
    },
  },
  {
    name: "missing variable in a parent",
    files: { "parent.yaml": `${source.replace("good.csv", "\"{{ var('inbox') }}\"")}\n` },
    recipe: `name: duckdb\nextends: parent.yaml\n${destination}\n`,
    expected: { exit: 2, code: "UNRESOLVED_VARIABLE", says: ["inbox", "parent.yaml:1"], hint: "--var" },
  },
  {
    name: "cyclic extends",
    files: { "a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n" },
    recipe: `name: duckdb\nextends: a.yaml\n${source}\n${destination}\n`,
    expected: { exit: 2, code: "EXTENDS_CYCLE", says: [/a\.yaml.*b\.yaml.*a\.yaml/s], hint: /\w/ },
  },
  {
    name: "missing parent",
    recipe: `name: duckdb\nextends: base/none.yaml\n${source}\n${destination}\n`,
    expected: { exit: 2, code: "MISSING_PARENT", says: ["none.yaml", "bad.yaml:2"], hint: /\w/ },
  },
  {
    name: "wrong type",
    recipe: `name: duckdb\n${source}\n${destination}\nruntime:\n  batch_size: many\n`,
    expected: {
      exit: 2,
      code: "INVALID_VALUE",
      says: ["batch_size", "whole number", "bad.yaml:5"],
      hint: undefined,
    },
  },
  {
    name: "unknown column type",
    recipe: `name: duckdb\nsource: {type: csv, path: good.csv, columns: {id: integr}}\n${destination}\n`,
    expected: { exit: 2, code: "INVALID_VALUE", says: ["integr", "bad.yaml:2"], hint: /did you mean/ },
  },
  {
    name: "merge without keys",
    recipe: { source: { type: "csv", path: "good.csv" }, destination: { write_mode: "merge" } },
    into: ["duckdb"],
    expected: {
      exit: 2,
      code: "MERGE_WITHOUT_KEYS",
      says: ["merge_keys", "bad.yaml:"],
      hint: "merge_keys: [id]",
    },
  },
  {
    name: "merge into files",
    recipe: {
      source: { type: "csv", path: "good.csv" },
      destination: { write_mode: "merge", merge_keys: ["id"] },
    },
    into: ["files"],
    expected: { exit: 2, code: "UNSUPPORTED", says: ["merge", "bad.yaml:"], hint: /append, overwrite/ },
  },
];
