/** What the fault tests of PostgreSQL share: a home with recipes, and waiting for a moment at the server. */
import assert from "node:assert/strict";
import type { PostgresServer } from "../servers/postgres.ts";
import { cliCommand, type CliResult, runRecipe, type Summary } from "./cli.ts";

/** Retries that outlast a server that is gone for some seconds. */
export const PATIENT = { max_attempts: 12, initial_delay: "500ms", max_delay: "2s" };

/** One attempt: the fault is what is looked at. */
export const ONCE = { max_attempts: 1 };

export type Result = CliResult & {
  readonly summary: Summary & { readonly error?: { readonly retryable?: boolean } };
};

/** A folder with one recipe in it, run by the command line. */
export class Load {
  readonly #home: string;
  readonly #recipe: Record<string, unknown>;

  constructor(home: string, recipe: Record<string, unknown>) {
    this.#home = home;
    this.#recipe = { name: "faulty", runtime: { retries: ONCE }, ...recipe };
  }

  /** Runs it to its end. */
  async run(args: readonly string[] = []): Promise<Result> {
    return await runRecipe(await this.#write(), { cwd: this.#home, args });
  }

  /** Runs it, and does something else in the meantime. */
  async runWhile(meanwhile: () => Promise<void>): Promise<Result> {
    const child = cliCommand(["run", await this.#write(), "--json"], { cwd: this.#home }).spawn();
    const output = child.output();
    try {
      await meanwhile();
    } catch (error) {
      const { stdout, stderr } = await output;
      throw new Error(`${text(stdout)}\n${text(stderr)}`, { cause: error });
    }
    const { code, stdout, stderr } = await output;
    const printed = text(stdout);
    return { code, stdout: printed, stderr: text(stderr), summary: JSON.parse(printed) };
  }

  /** @throws {Error} with what was printed, where the run fails. */
  async succeeds(args?: readonly string[]): Promise<Summary> {
    return succeeded(await this.run(args));
  }

  async #write(): Promise<string> {
    const path = `${this.#home}/faulty.yaml`;
    await Deno.writeTextFile(path, JSON.stringify(this.#recipe));
    return path;
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

export function succeeded(result: Result): Summary {
  assert.equal(result.code, 0, `${JSON.stringify(result.summary.error, null, 2)}\n${result.stderr}`);
  return result.summary;
}

/** A run that fails as it must: with this code, a hint, and without the password anywhere. */
export function failed(
  result: Result,
  expected: { code: string | RegExp; says?: RegExp; retryable?: boolean; secret: string },
): void {
  const { error } = result.summary;
  assert.equal(result.code, 1, result.stdout);
  if (typeof expected.code === "string") assert.equal(error?.code, expected.code, JSON.stringify(error));
  else assert.match(error?.code ?? "", expected.code, JSON.stringify(error));
  if (expected.says !== undefined) assert.match(error!.message, expected.says);
  assert.ok(error!.hint !== undefined && error!.hint !== "", `${error!.code}: a hint`);
  if (expected.retryable !== undefined) assert.equal(error!.retryable, expected.retryable, "retryable");
  for (const secret of [expected.secret, encodeURIComponent(expected.secret)]) {
    assert.ok(!`${result.stdout}${result.stderr}`.includes(secret), "the password is not shown");
  }
}

/** How often a run has tried again, by what it logged. */
export function retries(result: CliResult): number {
  return (result.stderr.match(/\bretry|trying again|attempt/gi) ?? []).length;
}

/** Waits until a condition on the server holds: `pg_stat_activity` and the like. @throws {Error} after 60 s. */
export async function until(server: PostgresServer, condition: string, database?: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const [row] = await server.select<{ yes: boolean }>(`SELECT (${condition}) AS yes`, { database });
    if (row!.yes) return;
    await new Promise((done) => setTimeout(done, 15));
  }
  throw new Error(`it did not come to be: ${condition}`);
}

/** A COPY of the tests' role is under way and has moved this many bytes. */
export const copying = (bytes: number) =>
  `EXISTS (SELECT 1 FROM pg_stat_progress_copy AS p JOIN pg_stat_activity AS a USING (pid)
           WHERE a.usename = 'loader' AND p.bytes_processed > ${bytes})`;

/** A session of the tests' role waits for a lock. */
export const waiting =
  "EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = 'loader' AND wait_event_type = 'Lock')";
