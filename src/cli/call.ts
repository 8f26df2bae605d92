/** One call of a command: prints, redacts, reads recipes, reports errors. */
import type { Prepared, RecipeInput } from "../app/prepare.ts";
import type { SandboxedRecipe } from "../app/sandboxed.ts";
import type { Recipe } from "../recipe/mod.ts";
import { createRedactor, type Redactor } from "../secrets/mod.ts";
import { type Json, type JsonObject, type LogLevel, nearest } from "../sdk/mod.ts";
import { parseEnvFile } from "./env_file.ts";
import {
  errorToJson,
  exitCodeFor,
  flattenErrors,
  renderError,
  type ShownError,
  UsageError,
} from "./errors.ts";
import { type CliIO, displayPath, resolvePath, shortenPaths } from "./io.ts";
import { type Style, styleFor } from "./style.ts";

/** Options that all commands that read a recipe share. */
export interface RecipeOptions {
  readonly var?: readonly string[];
  readonly envFile?: readonly string[];
  readonly logLevel?: LogLevel;
}

/** Where states are when neither the recipe nor the command line says. */
const DEFAULT_STATE_DIRECTORY = ".state";

/** Text for people is not made wider than this, however wide the terminal is. */
const WIDEST_TEXT = 110;

export class Call {
  readonly io: CliIO;
  /** Knows the secrets of every recipe read so far. */
  readonly redactor: Redactor = createRedactor();
  /** Styles for stdout and stderr. */
  readonly out: Style;
  readonly err: Style;
  /** `--log-level debug`: errors are shown with their stack traces. */
  readonly debug: boolean;

  constructor(io: CliIO, options: { debug?: boolean } = {}) {
    this.io = io;
    this.out = styleFor(io.stdout);
    this.err = styleFor(io.stderr);
    this.debug = options.debug ?? false;
  }

  /** Writes a line to stdout, secrets taken out. */
  print(line = ""): void {
    this.io.stdout.write(`${this.redactor.text(line)}\n`);
  }

  /** Writes JSON to stdout, secrets taken out: on one line, or indented for people. */
  printJson(value: unknown, options: { indent?: boolean } = {}): void {
    const json = this.redactor.json(value);
    this.io.stdout.write(`${JSON.stringify(json, null, options.indent ? 2 : undefined)}\n`);
  }

  /** Writes to stdout what has had its secrets taken out value by value. */
  printClean(text: string): void {
    this.io.stdout.write(text);
  }

  /** Writes a line to stderr, secrets taken out. */
  note(line = ""): void {
    this.io.stderr.write(`${this.redactor.text(line)}\n`);
  }

  /** Prints an error, or all that it stands for, to stderr; returns the exit code that it asks for. */
  showError(error: unknown): number {
    const errors = flattenErrors(error);
    this.io.stderr.write(errors.map((one) => this.renderError(one)).join("\n"));
    if (errors.length > 1) this.note(`\n${this.err.error(`${errors.length} errors`)}`);
    return exitCodeFor(error);
  }

  /** An error as people see it on stderr, or in the style given. */
  renderError(error: ShownError, style: Style = this.err): string {
    return renderError(error, {
      style,
      cwd: this.io.cwd,
      columns: Math.min(this.io.stderr.columns, WIDEST_TEXT),
      readLines,
      redact: (text) => this.redactor.text(text),
      debug: this.debug,
    });
  }

  /** The errors that one stands for, as the fields of `--json`. */
  errorsToJson(error: unknown): Json[] {
    return flattenErrors(error).map((one) =>
      errorToJson(one, { cwd: this.io.cwd, redactJson: (value) => this.redactor.json(value) })
    );
  }

  /** A path as people see it. */
  path(path: string): string {
    return displayPath(path, this.io.cwd);
  }

  /** A text with paths as people see them. */
  shorten(text: string): string {
    return shortenPaths(text, this.io.cwd);
  }

  /** What `--var` and `--env-file` give to a recipe. The process's environment wins over the files, later files over earlier. */
  async recipeInput(options: RecipeOptions): Promise<RecipeInput> {
    const fromFiles = new Map<string, string>();
    for (const file of options.envFile ?? []) {
      for (const [name, value] of await readEnvFile(resolvePath(this.io, file))) fromFiles.set(name, value);
    }
    return {
      vars: parseVars(options.var ?? []),
      env: (name) => this.io.env(name) ?? fromFiles.get(name),
    };
  }

  /**
   * Checks that each `--var` is known to one of the recipes that it is given to.
   * @throws {UsageError} `UNKNOWN_VARIABLE`
   */
  checkVars(recipes: readonly Pick<Recipe, "usedVars" | "unusedVars">[], { var: given = [] }: RecipeOptions) {
    for (const name of Object.keys(parseVars(given))) {
      if (recipes.length === 0 || recipes.some(({ unusedVars }) => !unusedVars.includes(name))) continue;
      const known = [...new Set(recipes.flatMap(({ usedVars }) => usedVars))];
      const near = nearest(name, known);
      throw new UsageError(
        "UNKNOWN_VARIABLE",
        `--var ${name}: no recipe declares this variable, and no template reads it.`,
        {
          hint: near !== undefined
            ? `did you mean "${near}"?`
            : known.length === 0
            ? "remove it, or read it somewhere: {{ var('" + name + "') }}"
            : `known are: ${known.join(", ")}`,
          context: { variable: name },
        },
      );
    }
  }

  /** Reads, validates and plans a recipe. Imports no driver; plug-ins are imported in a Worker of their own. */
  async prepare(file: string, options: RecipeOptions): Promise<SandboxedRecipe> {
    const prepared = await this.prepareOne(file, options);
    this.checkVars([prepared.recipe], options);
    return prepared;
  }

  /** The same for one recipe of several, which need not know every `--var`. */
  async prepareOne(file: string, options: RecipeOptions): Promise<SandboxedRecipe> {
    const { prepareSandboxed } = await import("../app/sandboxed.ts");
    const input = await this.recipeInput(options);
    const prepared = await prepareSandboxed(resolvePath(this.io, file), input, (read) => this.learn(read));
    this.learn(prepared.recipe);
    return prepared;
  }

  /** The same in this thread, which plug-ins then have to themselves (`--no-sandbox`). */
  async prepareUnconfined(file: string, options: RecipeOptions): Promise<Prepared> {
    const { prepareRecipe, readRecipe } = await import("../app/prepare.ts");
    const { planRecipe } = await import("../plan/mod.ts");
    const input = await this.recipeInput(options);
    const path = resolvePath(this.io, file);
    const recipe = await readRecipe(path, input);
    this.learn(recipe);
    if (recipe.plugins.length === 0) return { recipe, plan: planRecipe(recipe) };
    const prepared = await prepareRecipe(path, input);
    this.learn(prepared.recipe);
    return prepared;
  }

  /** The directory of states that a command line and a plan name. */
  stateDirectory(option: string | undefined, state: { readonly directory?: string }): string {
    return resolvePath(this.io, option ?? state.directory ?? DEFAULT_STATE_DIRECTORY);
  }

  /** Keeps the secrets of a recipe out of everything printed from now on. */
  learn(recipe: Pick<Recipe, "secrets">): void {
    for (const secret of recipe.secrets) this.redactor.add(secret);
  }
}

/** `k=v` texts as an object. A value is text, whatever it looks like. */
export function parseVars(pairs: readonly string[]): JsonObject {
  const vars: JsonObject = {};
  for (const pair of pairs) {
    const [name, value] = splitPair(pair, "--var");
    vars[name] = value;
  }
  return vars;
}

/** Splits `name=value`. @throws {UsageError} where there is no name or no `=`. */
export function splitPair(pair: string, option: string): [string, string] {
  const equals = pair.indexOf("=");
  if (equals > 0) return [pair.slice(0, equals).trim(), pair.slice(equals + 1)];
  throw new UsageError("INVALID_OPTION", `${option} needs a name and a value.`, {
    hint: `write ${option} name=value`,
  });
}

async function readEnvFile(path: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError("ENV_FILE_UNREADABLE", `The file of --env-file can't be read: ${path}`, {
      hint: cause instanceof Deno.errors.NotFound ? "there is no such file" : String(cause),
      cause,
    });
  }
  return parseEnvFile(text, path);
}

function readLines(file: string): string[] | undefined {
  try {
    return Deno.readTextFileSync(file).split(/\r\n|\n|\r/);
  } catch {
    // An excerpt is a convenience: without it the error still names the place.
    return undefined;
  }
}
