import assert from "node:assert/strict";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { buildProgram } from "../../src/cli/program.ts";
import { callCli, transcript } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

const silent = { write: () => {}, isTerminal: false, color: false, columns: 80, rows: 24 };

function allCommands(
  command: CommandUnknownOpts,
  path: string[] = [],
): { path: string[]; command: CommandUnknownOpts }[] {
  return command.commands.flatMap((sub) => {
    const own = [...path, sub.name()];
    return [{ path: own, command: sub }, ...allCommands(sub, own)];
  });
}

const commands = allCommands(
  buildProgram({ stdout: silent, stderr: silent, env: () => undefined, cwd: "/", exitCode: 0 }),
);

Deno.test("the commands are those of the design", () => {
  assert.deepEqual(commands.map(({ path }) => path.join(" ")).sort(), [
    "check",
    "completions",
    "connector",
    "contract",
    "init",
    "list-connectors",
    "permissions",
    "plan",
    "preview",
    "run",
    "schema",
    "schema diff",
    "schema history",
    "schema infer",
    "schema show",
    "show-state",
    "state",
    "state export",
    "state import",
    "state reset",
    "state set",
    "test",
    "validate",
    "version",
  ]);
});

Deno.test("help of the program, wide and narrow, coloured", async () => {
  await assertSnapshot("help", (await callCli(["--help"])).stdout);
  await assertSnapshot("help_narrow", (await callCli(["--help"], { columns: 60 })).stdout);
  await assertSnapshot("help_colored", (await callCli(["--help"], { color: true })).stdout);
});

for (const { path, command } of commands) {
  Deno.test(`help of ${path.join(" ")}`, async () => {
    const called = await callCli([...path, "--help"], { columns: 80 });
    assert.equal(called.code, 0);
    await assertSnapshot(`help_${path.join("_").replaceAll("-", "_")}`, called.stdout);
    assert.match(called.stdout, /Examples:|Install it:/, "every command shows how to use it");
    for (const option of command.options) assert.notEqual(option.description, "", option.flags);
  });
}

Deno.test("no arguments show the help", async () => {
  const called = await callCli([]);
  assert.equal(called.code, 0);
  assert.equal(called.stdout, (await callCli(["--help"])).stdout);
});

Deno.test("usage errors: exit 2, what is wrong, what was meant", async () => {
  const cases: string[][] = [
    ["vlidate"],
    ["run"],
    ["run", "--jsn", "a.yaml"],
    ["run", "a.yaml", "--limit", "0"],
    ["run", "a.yaml", "--limit", "ten"],
    ["run", "a.yaml", "--log-level", "loud"],
    ["run", "a.yaml", "--log-level", "eror"],
    ["completions", "zhs"],
    ["plan", "a.yaml", "b.yaml"],
    ["state", "rest", "a"],
    ["completions", "tcsh"],
    ["schema"],
    ["schema", "a.yaml", "--json-schema"],
    ["run", "a.yaml", "--var", "novalue"],
    ["run", "a.yaml", "--env-file", "none.env"],
    ["connector", "duckbd"],
    ["list"],
    ["show"],
    ["state", "list"],
    ["run", "a.yaml", "--output", "json"],
    ["plan", "a.yaml", "--output", "json"],
    ["plan", "a.yaml", "--verbose"],
    ["run", "a.yaml", "-v"],
    ["run", "a.yaml", "--log-level", "warn"],
    ["show-state", "a.yaml", "--verbose"],
    ["preview", "a.yaml", "--fromstart"],
    ["run", "a.yaml", "--frobnicate"],
  ];
  const texts: string[] = [];
  for (const args of cases) {
    const called = await callCli(args);
    assert.equal(called.code, 2, args.join(" "));
    assert.equal(called.stdout, "", args.join(" "));
    texts.push(transcript(args, called));
  }
  await assertSnapshot("usage_errors", texts.join("\n"));
});
