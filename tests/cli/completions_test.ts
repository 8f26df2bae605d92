import assert from "node:assert/strict";
import { callCli, Project } from "./harness.ts";

async function script(shell: string): Promise<string> {
  const called = await callCli(["completions", shell]);
  assert.equal(called.code, 0, called.stderr);
  return called.stdout;
}

async function has(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const bash = await has("bash");
const zsh = await has("zsh");
const fish = await has("fish");

/** What bash offers for the words so far, the last one unfinished. */
async function complete(project: Project, words: string[]): Promise<string[]> {
  await project.write("completion.bash", await script("bash"));
  const quoted = ["dataloader", ...words].map((word) => `'${word}'`).join(" ");
  const program =
    `source completion.bash; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _dataloader; ` +
    `printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, success } = await new Deno.Command("bash", {
    args: ["--norc", "-c", program],
    cwd: project.dir,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").sort();
}

Deno.test(
  { name: "bash completes commands, options, values, recipes and connectors", ignore: !bash },
  async () => {
    await using project = await Project.create({
      "orders.yaml": "",
      "other recipe.yml": "",
      "notes.txt": "",
      "recipes/x.yaml": "",
    });
    const cases: [string[], string[]][] = [
      [["st"], ["state"]],
      [["sho"], ["show-state"]],
      [["state", ""], ["export", "import", "reset", "set"]],
      [["state", "re"], ["reset"]],
      [["run", "--st"], ["--state-dir"]],
      [["run", "--log-level", ""], ["debug", "error", "info", "warning"]],
      [["run", "--log-format", "j"], ["json"]],
      [["plan", "--format", "m"], ["mermaid"]],
      [["validate", "--format", "s"], ["sarif"]],
      [["run", "o"], ["orders.yaml", "other recipe.yml"]],
      [["run", "rec"], ["recipes"]],
      [["run", "recipes/"], ["recipes/x.yaml"]],
      [["run", "n"], []],
      [["state", "set", "ord"], ["orders.yaml"]],
      [["state", "set", "--cur"], ["--cursor"]],
      [["connector", "duck"], ["duckdb"]],
      [["completions", "p"], ["powershell"]],
      [["run", "--env-file", "not"], ["notes.txt"]],
    ];
    for (const [words, expected] of cases) {
      assert.deepEqual(await complete(project, words), expected, words.join(" "));
    }
  },
);

Deno.test({ name: "the bash script is right bash", ignore: !bash }, async () => {
  await check("bash", ["-n"], await script("bash"));
});

Deno.test({ name: "the zsh script is right zsh", ignore: !zsh }, async () => {
  await check("zsh", ["-n"], await script("zsh"));
});

Deno.test({ name: "the fish script is right fish", ignore: !fish }, async () => {
  await check("fish", ["--no-execute"], await script("fish"));
});

Deno.test("every script names every command", async () => {
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const text = await script(shell);
    for (const command of ["run", "validate", "show-state", "list-connectors", "completions", "import"]) {
      assert.ok(text.includes(command), `${shell}: ${command}`);
    }
    assert.ok(text.includes("full-refresh") && text.includes("mermaid"), shell);
  }
});

async function check(program: string, args: string[], text: string): Promise<void> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, text);
    const { success, stderr } = await new Deno.Command(program, { args: [...args, file] }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(file);
  }
}
