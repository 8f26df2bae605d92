/**
 * What executables hold, and that it is enough to run. The runtime that goes into one can't be had everywhere: without
 * it (DENORT_BIN, see docs/install.md) what is inside is unpacked and run by `deno`, with no network, no home and from a
 * folder that can't be written, and the step that runs the executable itself is skipped and says so.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findTarget } from "../../scripts/compile/targets.ts";
import { listFiles } from "../../scripts/files.ts";
import { VERSION } from "../../src/version.ts";
import { asUser, giveAway, noOtherUser, withoutNetwork } from "../other_user.ts";
import { compile, ROOT, unpack } from "./executable.ts";

const target = findTarget(Deno.build.target);
const hasRuntime = Deno.env.get("DENORT_BIN") !== undefined;

const RECIPE = `name: numbers
source: {type: duckdb, database: ":memory:", query: "SELECT i AS id, i / 2 AS half FROM range(5000) t(i)"}
transform: {steps: [{type: filter, where: id > 9}]}
destination: {type: csv, path: out/numbers.csv, write_mode: overwrite}
`;

Deno.test({
  name: "an executable holds what it needs, for this machine only, and that runs",
  ignore: target === undefined,
  async fn(t) {
    const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "dataloader executable ünïcode " }));
    try {
      await Deno.chmod(dir, 0o755).catch(() => {});
      const made = await compile(join(dir, `dataloader${target!.suffix}`));
      const { embedded } = made;
      const paths = new Set(embedded.files.map(({ path }) => path));

      await t.step(
        "its settings: may do everything, never asks, Workers with permissions of their own",
        () => {
          for (const kind of ["read", "write", "net", "env", "run", "ffi", "sys"]) {
            assert.deepEqual(embedded.permissions[`allow_${kind}`], [], kind);
          }
          assert.equal(embedded.prompts, false);
          assert.deepEqual(embedded.features, ["worker-options"]);
          assert.ok(embedded.selfExtracting);
          assert.deepEqual([embedded.entrypoint, embedded.version], ["main.ts", VERSION]);
        },
      );

      await t.step("all modules that no import names, and no tests, scripts or recipes", async () => {
        const byName = await listFiles(ROOT, /^src\/(.*\/worker|cli\/call|cli\/commands\/.*)\.ts$/);
        for (const file of byName) assert.ok(paths.has(file), file);
        for (const path of paths) assert.match(path, /^(main\.ts|src\/|node_modules\/)/);
      });

      await t.step("the engine of this machine, no other's, and no package that only tests use", () => {
        const natives = [...paths].filter((path) => /\.(node|so|dylib|dll)$/.test(path));
        assert.equal(natives.length, 2, natives.join("\n"));
        const ours = `node-bindings-${target!.os}-${target!.cpu}/`;
        for (const path of natives) assert.ok(path.includes(ours), path);
        for (const path of paths) assert.doesNotMatch(path, /fast-check|@types\/|-musl/);
      });

      await t.step("version and commit are written into it", () => {
        const text = new TextDecoder().decode(embedded.read("src/version.ts"));
        assert.match(text, new RegExp(`VERSION = "${RegExp.escape(VERSION)}"`));
        assert.match(text, /COMMIT = "([0-9a-f]{40}(-dirty)?)?"/);
      });

      await t.step("its size is printed with the budget", () => {
        assert.match(
          made.printed,
          /\d+\.\d MB for [\w-]+, of which \d+\.\d MB are \d+ files of ours \(budget/,
        );
      });

      await t.step({
        name: hasRuntime ? "it runs" : "skipped: it can't be run, as DENORT_BIN names no runtime",
        ignore: !hasRuntime,
        fn: () => assert.match(made.printed, /runs: dataloader /),
      });

      await t.step({
        name: noOtherUser === undefined
          ? "what is inside runs: no network, no home, folder not writable, name with blanks and ü"
          : `skipped: ${noOtherUser}`,
        ignore: noOtherUser !== undefined,
        fn: () => runUnpacked(dir, embedded),
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

async function runUnpacked(dir: string, embedded: Parameters<typeof unpack>[0]): Promise<void> {
  const installed = join(dir, "installed för all");
  await unpack(embedded, installed);
  const project = join(dir, "prøject");
  await Deno.mkdir(project);
  await Deno.writeTextFile(join(project, "numbers.yaml"), RECIPE);
  await giveAway(project);
  // Not root's files to change, nor their owner's.
  await setModes(installed, { directory: 0o555, file: 0o444 });
  const call = async (...args: string[]) => {
    const [command = "", ...rest] = [
      ...withoutNetwork,
      ...[
        Deno.execPath(),
        "run",
        "-A",
        "--cached-only",
        "--no-check",
        "--no-lock",
        "--unstable-worker-options",
      ],
      join(installed, "main.ts"),
      ...args,
    ];
    const user = asUser(command, rest);
    const { code, stdout, stderr } = await new Deno.Command(user.command, {
      args: user.args,
      cwd: project,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: "/nonexistent", NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  try {
    assert.deepEqual(await call("version"), { code: 0, stdout: `dataloader ${VERSION}\n`, stderr: "" });
    assert.deepEqual(await call("validate", "numbers.yaml"), {
      code: 0,
      stdout: "ok      numbers.yaml\n",
      stderr: "",
    });
    const run = await call("run", "numbers.yaml", "--json", "--no-progress");
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).rows_written, 4990);
    const lines = (await Deno.readTextFile(join(project, "out/numbers.csv"))).trim().split("\n");
    assert.deepEqual([lines.length, lines.at(-1)], [4991, "4999,2499.5"]);
  } finally {
    await setModes(installed, { directory: 0o755, file: 0o644 });
  }
}

async function setModes(folder: string, modes: { directory: number; file: number }): Promise<void> {
  await Deno.chmod(folder, 0o755);
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await setModes(path, modes);
    else if (entry.isFile) await Deno.chmod(path, modes.file);
  }
  await Deno.chmod(folder, modes.directory);
}

Deno.test("scripts/compile.ts says what is wrong with a call, exit 2, and that a runtime is missing, exit 1", async () => {
  const call = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "scripts/compile.ts", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", ...env },
    }).output();
    return [code, new TextDecoder().decode(stderr)] as const;
  };
  const cases: [string[], RegExp][] = [
    [["--target", "linux-riscv"], /no target "linux-riscv"\. There are linux-x64/],
    [["--all", "--output", "x"], /--output names one file/],
    [["--tarset", "x"], /tarset/],
    [["stray"], /stray/],
  ];
  for (const [args, expected] of cases) {
    const [code, stderr] = await call(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, expected);
  }
  const [code, stderr] = await call([], { DENORT_BIN: "/no/such/denort" });
  assert.equal(code, 1);
  assert.match(stderr, /DENORT_BIN is \/no\/such\/denort, and there is no such file/);
});
