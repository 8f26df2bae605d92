import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { has } from "../programs.ts";
import { callCli, Project } from "./harness.ts";

async function script(shell: string): Promise<string> {
  const called = await callCli(["completions", shell]);
  assert.equal(called.code, 0, called.stderr);
  return called.stdout;
}

const zsh = await has("zsh");
const fish = await has("fish");
const pwsh = await has("pwsh");
const CAPTURE = fileURLToPath(new URL("capture.zsh", import.meta.url));

async function output(command: string, args: readonly string[], cwd: string): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    env: { HOME: cwd, TERM: "dumb" },
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

/** What a shell offers for the words so far, the last one unfinished; only the last part of a path. */
type Complete = (project: Project, words: readonly string[]) => Promise<string[]>;

const SHELLS: Record<string, { there: boolean; complete: Complete }> = {
  bash: {
    there: await has("bash"),
    async complete(project, words) {
      // Readline makes three words of `--option=value`.
      const split = words.flatMap((word) => word.split(/(?<==)|(?==)/));
      if (words.at(-1)!.endsWith("=")) split.pop();
      const quoted = ["dataloader", ...split, ...(words.at(-1)!.endsWith("=") ? ["="] : [])].map((word) =>
        `'${word}'`
      );
      const program =
        `source .completion.bash; COMP_WORDS=(${quoted.join(" ")}); COMP_CWORD=${quoted.length - 1}; ` +
        `_dataloader; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return await output("bash", ["--norc", "-c", program], project.dir);
    },
  },
  zsh: {
    there: zsh,
    async complete(project, words) {
      const notes = project.path(".notes");
      await Deno.remove(notes).catch(() => {});
      const line = `dataloader ${words.join(" ")}`;
      return await output("zsh", ["-f", CAPTURE, project.path(".functions"), line, notes], project.dir);
    },
  },
  fish: {
    there: fish,
    async complete(project, words) {
      const program = "source .completion.fish; complete -C $argv[1]";
      const lines = await output("fish", ["-N", "-c", program, `dataloader ${words.join(" ")}`], project.dir);
      return lines.map((line) => line.split("\t")[0]!);
    },
  },
  powershell: {
    there: pwsh,
    async complete(project, words) {
      const line = `dataloader ${words.join(" ")}`.replaceAll("'", "''");
      const program =
        `. ./.completion.ps1; (TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText`;
      return await output("pwsh", ["-NoProfile", "-Command", program], project.dir);
    },
  },
};

/** Words, and what is offered for the last of them. */
const CASES: readonly [words: string[], offered: string[]][] = [
  [["st"], ["state"]],
  [["sho"], ["show-state"]],
  [["state", ""], ["export", "import", "reset", "set"]],
  [["state", "re"], ["reset"]],
  [["run", "--st"], ["--state-dir"]],
  [["run", "--log-level", ""], ["debug", "error", "info", "warning"]],
  [["run", "--log-format", "j"], ["json"]],
  [["plan", "--format", "m"], ["mermaid"]],
  [["plan", "--format=m"], ["mermaid"]],
  [["plan", "--format="], ["json", "mermaid", "text"]],
  [["validate", "--format", "s"], ["sarif"]],
  [["state", "set", "--cur"], ["--cursor"]],
  [["connector", "duck"], ["duckdb"]],
  [["connector", "rename"], ["rename_columns"]],
  [["completions", "p"], ["powershell"]],
];

/** The same, where files are offered: PowerShell does that by itself, in its own way. */
const FILE_CASES: readonly [words: string[], offered: string[]][] = [
  [["run", "o"], ["orders.yaml", "other recipe.yml"]],
  [["run", ""], ["orders.yaml", "other recipe.yml", "recipes", "strange.json"]],
  [["run", "rec"], ["recipes"]],
  [["run", "recipes/"], ["x.yaml"]],
  [["run", ".f"], [".functions"]],
  [["validate", "n"], ["notes.txt"]],
  [["state", "set", "ord"], ["orders", "orders.yaml"]],
  [["show-state", "cust"], ["customers"]],
  [["run", "--env-file", "not"], ["notes.txt"]],
  [["run", "--state-dir", ""], ["recipes"]],
  [["run", "--var", "o"], []],
  [["init", ""], ["recipes"]],
];

/** The last part of a path, without quoting, in order. */
function shown(offered: readonly string[]): string[] {
  const last = (text: string) => text.replaceAll("\\", "").replace(/\/$/, "").split("/").at(-1)!;
  return [...new Set(offered.map((text) => last(text).replace(/^--format=(?=.)/, "")))].sort();
}

for (const [shell, { there, complete }] of Object.entries(SHELLS)) {
  Deno.test({
    name: there
      ? `${shell} completes commands, options, values, recipes, states and connectors`
      : `skipped: no ${shell === "powershell" ? "PowerShell (pwsh)" : shell} to try completion with`,
    ignore: !there,
    async fn() {
      await using project = await Project.create({
        "orders.yaml": "",
        "other recipe.yml": "",
        "strange.json": "{}",
        "notes.txt": "",
        "recipes/x.yaml": "",
        ".state/orders.json": "{}",
        ".state/customers.json": "{}",
        ".completion.bash": await script("bash"),
        ".completion.fish": await script("fish"),
        ".completion.ps1": await script("powershell"),
        ".functions/_dataloader": await script("zsh"),
      });
      for (const [words, expected] of [...CASES, ...(shell === "powershell" ? [] : FILE_CASES)]) {
        assert.deepEqual(
          shown(await complete(project, words)),
          [...expected].sort(),
          `${shell}: ${words.join(" ")}`,
        );
      }
    },
  });
}

Deno.test({ name: "the bash script is right bash", ignore: !SHELLS.bash!.there }, async () => {
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
