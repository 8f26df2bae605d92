/** What only shows on a real terminal: Deno must not ask for permissions there. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const FILES = {
  "in.csv": "id,v\n1,a\n2,b\n",
  "plain.yaml": `name: plain
source: {type: csv, path: in.csv}
destination: {type: duckdb, database: plain.duckdb, table: t}
`,
  "code/peek.ts": `import process from "node:process";
export function peek() { return [{ id: 1, v: Deno.readTextFileSync("/etc/passwd") }]; }
export async function warn(rows) {
  process.emitWarning("an old interface");
  await new Promise((resolve) => setTimeout(resolve, 20));
  return rows;
}
`,
  "peek.yaml": `name: peek
source: {type: csv, path: in.csv}
transform: {steps: [{type: function, module: code/peek.ts, export: peek, columns: {id: int, v: string}}]}
destination: {type: jsonl, path: out.jsonl}
`,
  "warn.yaml": `name: warn
source: {type: csv, path: in.csv}
transform: {steps: [{type: function, module: code/peek.ts, export: warn, columns: {id: int, v: string}}]}
destination: {type: jsonl, path: out.jsonl}
`,
};

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "dataloader_terminal_" });
  try {
    await Deno.mkdir(`${folder}/code`);
    for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(`${folder}/${name}`, text);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the command line on a terminal of its own (script(1)), on which nobody answers. */
async function onTerminal(
  folder: string,
  args: string,
  flags = "-A",
): Promise<{ code: number; text: string }> {
  const env = { ...Deno.env.toObject() };
  delete env.DENO_NO_PROMPT;
  const child = new Deno.Command("script", {
    args: ["-qec", `"${Deno.execPath()}" run ${flags} "${MAIN}" ${args}`, "/dev/null"],
    cwd: folder,
    clearEnv: true,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const { code, stdout } = await child.output();
  return { code, text: new TextDecoder().decode(stdout) };
}

const linux = Deno.build.os === "linux";

Deno.test({
  name: linux
    ? "on a terminal nothing is asked: runs, plans, previews and checks go on"
    : "skipped: script(1) of Linux",
  ignore: !linux,
  fn: () =>
    inFolder(async (folder) => {
      for (const args of ["run plain.yaml", "plan plain.yaml", "preview plain.yaml", "check plain.yaml"]) {
        const { code, text } = await onTerminal(folder, args);
        assert.equal(code, 0, text);
        assert.doesNotMatch(text, /Allow\?|Deno requests/);
      }
    }),
});

Deno.test({
  name: linux
    ? "on a terminal code is refused, and nobody is asked to let it through"
    : "skipped: script(1) of Linux, too",
  ignore: !linux,
  fn: () =>
    inFolder(async (folder) => {
      const { code, text } = await onTerminal(folder, "run peek.yaml");
      assert.equal(code, 1, text);
      assert.match(text, /read access to\s+"\/etc\/passwd"/);
      assert.doesNotMatch(text, /Allow\?|Deno requests|root:/);
    }),
});

Deno.test({
  name: linux
    ? "on a terminal a process that may not start another refuses to run"
    : "skipped: script(1) of Linux, again",
  ignore: !linux,
  fn: () =>
    inFolder(async (folder) => {
      const flags =
        "--allow-read --allow-write --allow-env --allow-ffi --allow-sys --unstable-worker-options";
      const { code, text } = await onTerminal(folder, "run plain.yaml", flags);
      assert.equal(code, 1, text);
      assert.match(text, /SANDBOX_PROMPTS/);
    }),
});

Deno.test("a warning of Node's in code is a line of the log", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, "run", "warn.yaml"],
      cwd: folder,
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stderr);
    assert.equal(code, 0, text);
    assert.match(text, /Warning: an old interface/);
  }));
