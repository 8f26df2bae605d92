/** Asking a PostgreSQL by `psql`: nothing of the connector under test is in between. */

export interface SqlOptions {
  /** Default `postgres`. */
  readonly database?: string;
  /** Default `postgres`, the superuser. */
  readonly user?: string;
}

/** What `psql` connects to. */
export interface PsqlTarget {
  readonly program: string;
  /** A folder with a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

function command(target: PsqlTarget): Deno.Command {
  return new Deno.Command(target.program, {
    args: [
      ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"],
      ...["-h", target.host, "-p", String(target.port), "-U", target.user, "-d", target.database],
    ],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", LC_ALL: "C.UTF-8", PGCLIENTENCODING: "UTF8" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs statements and returns what the queries print. @throws {Error} with the server's message. */
export async function psql(target: PsqlTarget, sql: string): Promise<string> {
  const child = command(target).spawn();
  const writer = child.stdin.getWriter();
  // Where psql ends before it has read everything, what it printed says why.
  const written = writer.write(new TextEncoder().encode(`${sql}\n;\n`)).then(() => writer.close()).catch(
    () => {},
  );
  const output = await child.output();
  await written;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (output.success) return text(output.stdout);
  throw new Error(`psql: ${text(output.stderr)}\n${sql}`);
}

/** A session that stays open between statements. */
export class PsqlSession {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #errors: Promise<string>;
  readonly #ended: () => void;
  readonly #decoder = new TextDecoder();
  #text = "";
  #marks = 0;

  constructor(target: PsqlTarget, ended: () => void) {
    this.#child = command(target).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader();
    this.#errors = new Response(this.#child.stderr).text();
    this.#ended = ended;
  }

  /** Runs statements, waits for them and returns what they print. @throws {Error} where they fail: the session is over then. */
  async run(sql: string): Promise<string> {
    const mark = `-- done ${++this.#marks} --`;
    await this.#input.write(new TextEncoder().encode(`${sql}\n;\n\\echo '${mark}'\n`));
    while (!this.#text.includes(mark)) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`psql: ${(await this.#errors).trim()}\n${sql}`);
      this.#text += this.#decoder.decode(value, { stream: true });
    }
    const [printed, ...rest] = this.#text.split(mark);
    this.#text = rest.join(mark).trimStart();
    return printed!.trim();
  }

  /** Ends it; a transaction that is open is rolled back. */
  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#errors;
    await this.#child.status;
    this.#ended();
  }
}
