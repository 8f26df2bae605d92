/** Where PostgreSQL's programs are, and as whom to run them. */

/** How a machine gets them. Shown wherever they are missing. */
export const HOW_TO_INSTALL = `PostgreSQL: ${
  Deno.build.os === "darwin" ? "brew install postgresql@17" : "apt-get install postgresql"
}, or set PG_BIN`;

const NEEDED = ["initdb", "pg_ctl", "postgres", "psql"];

/** The folder of PostgreSQL's programs, the newest version first; undefined where there is none. */
export function findBinaries(): string | undefined {
  const given = Deno.env.get("PG_BIN");
  // A folder that someone named is taken, or nothing: another version would be a surprise.
  if (given !== undefined && given !== "") return isComplete(given) ? given : undefined;
  const path = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  return [...versions("/usr/lib/postgresql"), ...path, ...homebrew()].find(isComplete);
}

/** Debian: `/usr/lib/postgresql/15/bin`. */
function versions(root: string): string[] {
  return numbersIn(root, /^(\d+)$/).map((name) => `${root}/${name}/bin`);
}

/** macOS: `/opt/homebrew/opt/postgresql@17/bin`, which is in nobody's PATH. */
function homebrew(): string[] {
  return ["/opt/homebrew/opt", "/usr/local/opt"].flatMap((root) =>
    numbersIn(root, /^postgresql@(\d+)$/).map((name) => `${root}/${name}/bin`)
  );
}

function numbersIn(folder: string, pattern: RegExp): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => ({ name, match: pattern.exec(name) }))
      .filter(({ match }) => match !== null).sort((a, b) => Number(b.match![1]) - Number(a.match![1]))
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

function isComplete(folder: string): boolean {
  const ending = Deno.build.os === "windows" ? ".exe" : "";
  return folder !== "" && NEEDED.every((name) => isFile(`${folder}/${name}${ending}`));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Another user to run a server as. PostgreSQL refuses to be run by root. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user that the server must run as; undefined where it is our own. @throws {Error} where root finds nobody else. */
export function serverUser(): ServerUser | undefined {
  if (Deno.build.os === "windows" || Deno.uid() !== 0) return undefined;
  const users = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const found = users.find(([name]) => name === wanted);
    if (found !== undefined) return { name: wanted, uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody");
}

/** Runs a program to its end, as another user where one is given. @throws {Error} with what it printed where it failed. */
export async function runAs(
  user: ServerUser | undefined,
  command: { program: string; args: readonly string[]; cwd: string },
): Promise<string> {
  const [program, ...args] = user === undefined
    ? [command.program, ...command.args]
    : asUser(user, [command.program, ...command.args]);
  const output = await new Deno.Command(program!, {
    args,
    cwd: command.cwd,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", LC_ALL: "C" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (output.success) return text(output.stdout);
  throw new Error(
    `${command.program} ended with ${output.code}:\n${text(output.stdout)}\n${text(output.stderr)}`,
  );
}

function asUser({ name, uid, gid }: ServerUser, command: readonly string[]): string[] {
  if (isFile("/usr/bin/setpriv")) {
    return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--", ...command];
  }
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return ["su", "-s", "/bin/sh", name, "-c", quoted];
}
