/**
 * A real PostgreSQL of a test's own: a new cluster in a temporary directory, on a free port of 127.0.0.1 and a Unix socket.
 *
 * In a test file, one server for all of its tests, started by the first that needs it:
 *
 *     import { postgresTest } from "../servers/postgres_test_case.ts";
 *
 *     postgresTest("reads a table", async (server) => {
 *       const database = await server.createDatabase();           // a new one; its owner is `server.user`
 *       await server.execute("CREATE TABLE t AS SELECT 1 AS a", { database });
 *       const block = { type: "postgres", ...server.connection({ database }), table: "t" };
 *       assert.deepEqual(await server.rows("SELECT * FROM t", { database }), ["(1)"]);
 *     });
 *
 * A test that stops, kills or fills its server has one of its own: `postgresTest(name, { own: {…options} }, body)`, or
 * `PostgresServer.start(options)` with `await using`. Where PostgreSQL is missing those tests are ignored and say what to
 * install; with CI=true they fail.
 *
 * Roles: `postgres` is the superuser (`execute`, `rows` and `select` are run by it, over the socket, without a password);
 * `user` with `password` is who the tests' recipes log in as over TCP, by SCRAM. `fsync` is off and `synchronous_commit`
 * on: what was committed survives the death of the server, not that of the machine.
 */
import { type Certificates, makeCertificates } from "./certificates.ts";
import { findBinaries, HOW_TO_INSTALL, runAs, type ServerUser, serverUser } from "./postgres_binaries.ts";
import { psql, PsqlSession, type SqlOptions } from "./psql.ts";

export interface PostgresOptions {
  /** Write to disk for real. Default false. */
  readonly fsync?: boolean;
  /**
   * Encryption: `offered` takes TCP connections with and without it, `required` with it only, `client_cert` with a
   * certificate for the role only. Default: none. See `certificates`.
   */
  readonly tls?: "offered" | "required" | "client_cert";
  /** Lines of pg_hba.conf before ours, in place of the rule for TCP: `host all all 127.0.0.1/32 md5`. */
  readonly hba?: readonly string[];
  /** More of postgresql.conf: `{ max_connections: "10" }`. Values are quoted here. */
  readonly settings?: Record<string, string>;
  /** Where the data directory is made, for a disk of its own. Must be writable by `nobody`/`postgres`. */
  readonly dataParent?: string;
}

/** Address and login, by the names that a recipe has for them. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export class PostgresServer implements AsyncDisposable {
  /** The role that recipes log in as over TCP. */
  readonly user = "loader";
  readonly password = "pa55 w@rd/'%";
  readonly host = "127.0.0.1";
  readonly port: number;
  /** Everything of this server; also the folder of its Unix socket. */
  readonly directory: string;
  readonly data: string;
  readonly binaries: string;
  /** Where TLS was asked for. */
  readonly certificates?: Certificates;
  readonly #owner: ServerUser | undefined;
  readonly #sessions = new Set<PsqlSession>();
  #databases = 0;

  private constructor(
    place: { directory: string; data: string; port: number; owner?: ServerUser; certificates?: Certificates },
    binaries: string,
  ) {
    this.directory = place.directory;
    this.data = place.data;
    this.port = place.port;
    this.#owner = place.owner;
    this.certificates = place.certificates;
    this.binaries = binaries;
  }

  /** Makes a cluster and starts it: about a second. @throws {Error} where PostgreSQL is missing. */
  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const binaries = findBinaries();
    if (binaries === undefined) throw new Error(`There is no ${HOW_TO_INSTALL}.`);
    const owner = serverUser();
    const directory = await Deno.makeTempDir({ prefix: "pg_" });
    const own = async (path: string) => owner && await Deno.chown(path, owner.uid, owner.gid);
    try {
      await own(directory);
      const data = options.dataParent === undefined ? `${directory}/data` : `${options.dataParent}/data`;
      if (options.dataParent !== undefined) await own(options.dataParent);
      await runAs(owner, {
        program: `${binaries}/initdb`,
        args: ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
        cwd: directory,
      });
      const certificates = options.tls === undefined
        ? undefined
        : await makeCertificates(`${directory}/certificates`, { clientName: "loader" });
      if (certificates !== undefined) {
        await Deno.copyFile(certificates.serverKey, `${directory}/server.key`);
        await Deno.chmod(`${directory}/server.key`, 0o600);
        await own(`${directory}/server.key`);
      }
      const server = new PostgresServer({ directory, data, port: freePort(), owner, certificates }, binaries);
      await server.#configure(options);
      await server.startAgain();
      server.#watch();
      await server.execute(
        `CREATE ROLE ${server.user} LOGIN PASSWORD '${server.password.replaceAll("'", "''")}'`,
      );
      return server;
    } catch (error) {
      await Deno.remove(directory, { recursive: true });
      throw error;
    }
  }

  async #configure({ fsync = false, tls, hba, settings = {} }: PostgresOptions): Promise<void> {
    const all: Record<string, string> = {
      listen_addresses: this.host,
      port: String(this.port),
      unix_socket_directories: this.directory,
      fsync: fsync ? "on" : "off",
      full_page_writes: fsync ? "on" : "off",
      timezone: "UTC",
      lc_messages: "C",
      ...(tls === undefined ? {} : {
        ssl: "on",
        ssl_cert_file: this.certificates!.serverCert,
        ssl_key_file: `${this.directory}/server.key`,
        ssl_ca_file: this.certificates!.ca,
      }),
      ...settings,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'`);
    await Deno.writeTextFile(`${this.data}/postgresql.conf`, `${lines.join("\n")}\n`, { append: true });
    const kind = tls === undefined || tls === "offered" ? "host" : "hostssl";
    const method = tls === "client_cert" ? "cert" : "scram-sha-256";
    const rules = ["local all all trust", ...hba ?? [`${kind} all all ${this.host}/32 ${method}`]];
    await Deno.writeTextFile(`${this.data}/pg_hba.conf`, `${rules.join("\n")}\n`);
  }

  /** Ends the server and removes its directory once this process is gone, whatever it died of. */
  #watch(): void {
    const script = `while [ -d "$1" ] && kill -0 "$3" 2>/dev/null; do sleep 1; done
      [ -d "$1" ] || exit 0
      kill -QUIT "$(head -n 1 "$2/postmaster.pid")"; sleep 1; rm -rf "$1" "$2"`;
    new Deno.Command("sh", {
      args: [
        "-c",
        `trap '' INT HUP; sh -c '${script.replaceAll("'", `'\\''`)}' watch "$@" </dev/null >/dev/null 2>&1 &`,
        "start",
        this.directory,
        this.data,
        String(Deno.pid),
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
  }

  /** The process id of the postmaster; undefined where it does not run. */
  get pid(): number | undefined {
    try {
      return Number(Deno.readTextFileSync(`${this.data}/postmaster.pid`).split("\n")[0]);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Address and login of the tests' role, over TCP; or other ones. */
  connection(options: Partial<Connection> = {}): Connection {
    const { host, port, user, password } = this;
    return { host, port, database: "postgres", user, password, ...options };
  }

  /** The same as a URL; password and names encoded. */
  url(options: Partial<Connection> = {}): string {
    const { host, port, database, user, password } = this.connection(options);
    const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
    return `postgres://${login}@${host}:${port}/${encodeURIComponent(database)}`;
  }

  /**
   * Makes a database whose owner is the tests' role, and returns its name. `icuLocale` (`en-US`) gives it an order of
   * texts that is not that of their bytes.
   */
  async createDatabase(options: { name?: string; icuLocale?: string } = {}): Promise<string> {
    const name = options.name ?? `db${++this.#databases}`;
    const locale = options.icuLocale === undefined
      ? ""
      : `TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '${options.icuLocale}' LOCALE 'C'`;
    await this.execute(`CREATE DATABASE "${name.replaceAll('"', '""')}" OWNER ${this.user} ${locale}`);
    return name;
  }

  /** Makes a role that may log in, with the password of the tests' role, and returns its name. */
  async createRole(name: string, attributes = ""): Promise<string> {
    await this.execute(
      `CREATE ROLE "${name}" LOGIN PASSWORD '${this.password.replaceAll("'", "''")}' ${attributes}`,
    );
    return name;
  }

  /** Runs statements as the superuser; the first failure ends them. @throws {Error} with the server's message. */
  async execute(sql: string, options: SqlOptions = {}): Promise<void> {
    await psql(this.#psql(options), sql);
  }

  /** The rows of a query as PostgreSQL prints a row: `(1,"a b",)`. NULL is nothing, '' is `""`. */
  async rows(query: string, options: SqlOptions = {}): Promise<string[]> {
    const text = await psql(
      this.#psql(options),
      `SELECT coalesce(json_agg(q::text), '[]') FROM (${query}\n) AS q`,
    );
    return JSON.parse(text);
  }

  /** The rows of a query as JSON has them: cast in the query what JSON can't hold. */
  async select<T = Record<string, unknown>>(query: string, options: SqlOptions = {}): Promise<T[]> {
    const text = await psql(
      this.#psql(options),
      `SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM (${query}\n) AS q`,
    );
    return JSON.parse(text);
  }

  /** A session that stays open, to hold a lock or a transaction. It ends with the server at the latest. */
  session(options: SqlOptions = {}): PsqlSession {
    const session = new PsqlSession(this.#psql(options), () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  #psql({ database = "postgres", user = "postgres" }: SqlOptions) {
    return { program: `${this.binaries}/psql`, host: this.directory, port: this.port, database, user };
  }

  /** Starts a server that was stopped or killed, on the same port, and waits until it takes connections. */
  async startAgain(): Promise<void> {
    try {
      await this.#control(["-w", "-t", "60", "-l", `${this.directory}/log`, "start"]);
    } catch (cause) {
      throw new Error(`PostgreSQL does not start:\n${await this.log().catch(() => "")}`, { cause });
    }
  }

  /** Stops the server. `fast` ends sessions and writes everything; `immediate` is a crash of all its processes at once. */
  async stop(mode: "fast" | "immediate" = "fast"): Promise<void> {
    await this.#control(["-w", "-m", mode, "stop"]);
  }

  /** `kill -9` of the postmaster and all its processes. */
  async kill(): Promise<void> {
    const postmaster = this.pid;
    if (postmaster === undefined) throw new Error("the server is not running");
    const victims = [postmaster, ...await childrenOf(postmaster)];
    for (const pid of victims) killIfThere(pid);
    for (const pid of victims) {
      while (isAlive(pid)) await new Promise((done) => setTimeout(done, 10));
    }
    // Where nobody collects orphans, their ids live on, and these two would keep the server from starting again.
    await Deno.remove(`${this.data}/postmaster.pid`);
    await Deno.remove(`${this.directory}/.s.PGSQL.${this.port}.lock`);
  }

  async restart(mode: "fast" | "immediate" = "fast"): Promise<void> {
    await this.stop(mode);
    await this.startAgain();
  }

  /** Makes a folder the server's own, for a tablespace. */
  async give(path: string): Promise<void> {
    if (this.#owner !== undefined) await Deno.chown(path, this.#owner.uid, this.#owner.gid);
    await Deno.chmod(path, 0o700);
  }

  /** What the server has logged. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.directory}/log`);
  }

  async #control(args: readonly string[]): Promise<void> {
    await runAs(this.#owner, {
      program: `${this.binaries}/pg_ctl`,
      args: ["-D", this.data, ...args],
      cwd: this.directory,
    });
  }

  /** Stops the server, if it runs, and removes all it has made. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session.close();
    const pid = this.pid;
    if (pid !== undefined && isAlive(pid)) await this.stop("immediate");
    await Deno.remove(this.data, { recursive: true });
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid="] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, ppid]) => Number(ppid) === parent).map(([pid]) => Number(pid));
}

function killIfThere(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A process that has ended and that nobody has waited for yet counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, 0 as unknown as Deno.Signal);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return Deno.build.os !== "linux";
  }
}
