/** Running one bad input: a destination and a state that are good, then the fault, then a look at what changed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cli, type CliResult, runRecipe, type Summary } from "./cli.ts";
import { queryFile, sql } from "./database.ts";

/** Content of a file, or a function that makes it at a path. */
export type Content = string | Uint8Array | ((path: string) => Promise<void>);

/** What a run must come to. */
export interface Expected {
  /** Exit code. */
  readonly exit: 1 | 2;
  readonly code: string;
  /** What the message says, in any case of letters: what failed and where. */
  readonly says: readonly (string | RegExp)[];
  /** What the hint says. None where the message itself says what the value must be. */
  readonly hint: string | RegExp | undefined;
}

export interface BadCase {
  readonly name: string;
  /** Files beside the recipe, by relative path. */
  readonly files?: Record<string, Content>;
  /** The recipe: text, or an object that is given a name and a destination. */
  readonly recipe: string | Record<string, unknown>;
  /** The destinations it is run against: default both. A recipe that is text has its own. */
  readonly into?: readonly Target[];
  readonly expected: Expected;
}

/** Where rows go. */
export type Target = "duckdb" | "files";

const DESTINATIONS: Record<Target, Record<string, unknown>> = {
  duckdb: { type: "duckdb", database: "out.duckdb", table: "rows", write_mode: "append" },
  files: { type: "filestore", path: "out/", format: "parquet", write_mode: "overwrite" },
};

/** A home in which one good load was made: what the cases start from. */
export class Seed {
  readonly #path: string;
  readonly #parent: string;

  private constructor(path: string, parent: string) {
    this.#path = path;
    this.#parent = parent;
  }

  /** Loads two rows into both destinations. */
  static async make(parent: string): Promise<Seed> {
    const path = `${parent}/seed`;
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/good.csv`, "id,name\n1,one\n2,two\n");
    for (const [target, destination] of Object.entries(DESTINATIONS)) {
      const recipe = { name: target, source: { type: "csv", path: "good.csv" }, destination };
      await Deno.writeTextFile(`${path}/${target}.yaml`, JSON.stringify(recipe));
      const { code, stderr, stdout } = await runRecipe(`${target}.yaml`, { cwd: path });
      assert.equal(code, 0, `the good load works: ${stdout} ${stderr}`);
    }
    return new Seed(path, parent);
  }

  /** A copy to spoil. */
  async copy(): Promise<string> {
    const home = (await Deno.makeTempDir({ dir: this.#parent })).replaceAll("\\", "/");
    await copyInto(this.#path, home);
    return home;
  }
}

async function copyInto(from: string, to: string): Promise<void> {
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) {
      await Deno.mkdir(target);
      await copyInto(source, target);
    } else {
      await Deno.copyFile(source, target);
    }
  }
}

/** Writes a case's files and recipe into a home. Returns the recipe's path. */
export async function layOut(home: string, bad: BadCase, target: Target): Promise<string> {
  for (const [name, content] of Object.entries(bad.files ?? {})) {
    const path = `${home}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else if (content instanceof Uint8Array) await Deno.writeFile(path, content);
    else await content(path);
  }
  const recipe = `${home}/bad.yaml`;
  const text = typeof bad.recipe === "string" ? bad.recipe : JSON.stringify(
    {
      name: target,
      ...bad.recipe,
      destination: { ...DESTINATIONS[target], ...bad.recipe.destination as object },
    },
    null,
    2,
  );
  await Deno.writeTextFile(recipe, text);
  return recipe;
}

/** Lays the case out, runs it, and holds the outcome against what is expected. */
export async function runBadCase(home: string, bad: BadCase, target: Target): Promise<void> {
  const recipe = await layOut(home, bad, target);
  const before = await everything(home);
  const result = await runRecipe(recipe, { cwd: home });
  holdAgainst(result, bad.expected);
  assert.deepEqual(await everything(home), before, "destination and state are untouched");
  await holdShownForm(home, recipe, bad.expected);
}

/** Compares exit code, error code, message and hint. */
export function holdAgainst(result: CliResult & { summary: Summary }, expected: Expected): void {
  const { code, summary } = result;
  const shown = JSON.stringify(summary.error, null, 2);
  assert.equal(summary.error?.code, expected.code, shown ?? JSON.stringify(summary));
  assert.equal(code, expected.exit, `exit code: ${shown}`);
  const { message, hint, location } = summary.error!;
  const text = `${message} ${
    location === undefined ? "" : `${location.file}:${location.line}:${location.column}`
  }`;
  for (const part of expected.says) assert.match(text, pattern(part), shown);
  if (expected.hint !== undefined) assert.match(hint ?? "(no hint)", pattern(expected.hint), shown);
}

/** Without `--json` people see the same: code, sentence and hint on stderr, nothing on stdout but what they asked for. */
async function holdShownForm(home: string, recipe: string, expected: Expected): Promise<void> {
  if (expected.exit !== 2) return;
  const { stderr, code } = await cli(["run", recipe], { cwd: home });
  assert.equal(code, expected.exit);
  assert.ok(stderr.includes(`error[${expected.code}]`), stderr);
  if (expected.hint !== undefined) assert.match(stderr, /hint: /);
}

function pattern(part: string | RegExp): RegExp {
  return part instanceof RegExp ? part : new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
}

/** What a failed run must not change: tables and rows, destination files, the states less what every save counts. */
export async function everything(home: string): Promise<Record<string, unknown>> {
  const tables = await queryFile(
    `${home}/out.duckdb`,
    "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() WHERE database_name = 'db' ORDER BY ALL",
  );
  const contents: Record<string, unknown> = {};
  for (const { name } of tables) {
    contents[String(name)] = await queryFile(`${home}/out.duckdb`, `SELECT * FROM ${name} ORDER BY ALL`);
  }
  return { tables: contents, files: await hashes(`${home}/out`), states: await states(home) };
}

async function hashes(directory: string, prefix = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) Object.assign(found, await hashes(path, `${prefix}${entry.name}/`));
    else {
      found[`${prefix}${entry.name}`] = createHash("sha256").update(await Deno.readFile(path)).digest("hex");
    }
  }
  return found;
}

async function states(home: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of Object.keys(DESTINATIONS)) {
    const text = await Deno.readTextFile(`${home}/.state/${name}.json`);
    try {
      const { revision: _revision, updated_at: _updated, ...state } = JSON.parse(text);
      found[name] = state;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      found[name] = text;
    }
  }
  return found;
}

/** Makes a Parquet file of a query. */
export function parquet(query: string): Content {
  return async (path) => void await sql(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
}

/** Another content, cut off after a share of its bytes. */
export function truncated(content: Content, share = 0.6): Content {
  return async (path) => {
    if (typeof content === "function") await content(path);
    else {await Deno.writeFile(
        path,
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );}
    const { size } = await Deno.stat(path);
    await Deno.truncate(path, Math.floor(size * share));
  };
}

/** Text as a gzip file. */
export function gzip(text: string): Content {
  return async (path) => {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(path, stream);
  };
}
