/** Runs the command line in this process, over a project in a temporary directory. */
import { join } from "node:path";
import { runCli } from "../../src/cli/program.ts";
import type { CliIO } from "../../src/cli/io.ts";

export interface Called {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface CallOptions {
  readonly columns?: number;
  readonly color?: boolean;
  readonly env?: Record<string, string>;
  /** Answers what a command asks; without it nobody can answer. */
  readonly answer?: boolean;
}

/** A project of files in a temporary directory. */
export class Project implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(files: Record<string, string> = {}): Promise<Project> {
    // The real path: the system's directory for temporary files may be a link.
    const project = new Project(await Deno.realPath(await Deno.makeTempDir({ prefix: "dataloader-cli-" })));
    for (const [path, text] of Object.entries(files)) await project.write(path, text);
    return project;
  }

  async write(path: string, text: string): Promise<void> {
    const full = this.path(path);
    await Deno.mkdir(join(full, ".."), { recursive: true });
    await Deno.writeTextFile(full, text);
  }

  path(path: string): string {
    return join(this.dir, path);
  }

  async read(path: string): Promise<string> {
    return await Deno.readTextFile(this.path(path));
  }

  /** Calls the command line in the project's directory. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Called> {
    return await callCli(args, { ...options, cwd: this.dir });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Calls the command line with streams that keep what is written. */
export async function callCli(
  args: readonly string[],
  options: CallOptions & { cwd?: string } = {},
): Promise<Called> {
  let stdout = "";
  let stderr = "";
  const stream = {
    isTerminal: false,
    color: options.color ?? false,
    columns: options.columns ?? 100,
    rows: 30,
  };
  const io: CliIO = {
    stdout: { ...stream, write: (text) => void (stdout += text) },
    stderr: { ...stream, write: (text) => void (stderr += text) },
    env: (name) => options.env?.[name],
    cwd: options.cwd ?? "/",
    exitCode: 0,
    ...(options.answer === undefined ? {} : { confirm: () => options.answer! }),
  };
  await runCli(io, args);
  return { stdout, stderr, code: io.exitCode };
}

/** One text for a snapshot: both streams and the exit code. */
export function transcript(args: readonly string[], called: Called): string {
  const parts = [`$ dataloader ${args.join(" ")}\n`, called.stdout];
  if (called.stderr !== "") parts.push("--- stderr\n", called.stderr);
  parts.push(`--- exit ${called.code}\n`);
  return parts.join("");
}
