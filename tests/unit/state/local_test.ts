import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { testPermissions } from "../../other_user.ts";
import { emptyState, type State, StateError } from "../../../src/sdk/mod.ts";
import { LocalStateBackend } from "../../../src/state/mod.ts";

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Expects a `StateError` of this code and returns it. */
async function stateError(promise: Promise<unknown>, code: string): Promise<StateError> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof StateError, `expected ${code}, got ${error}`);
  assert.equal(error.code, code, error.message);
  return error;
}

function someState(recipe: string): State {
  return {
    ...emptyState(recipe),
    sequence: 3,
    in_flight: { run_id: "r1", started_at: "2024-05-01T00:00:00Z", plan: "abc" },
    cursor_values: { id: "9223372036854775807", updated_at: "2024-05-01 10:00:00.123456" },
    watermarks: { day: "2024-05-01" },
    checkpoints: [{ part: 1, done: true }, { part: 2, done: null }],
    metadata: { hashes: ["a", "b"], nested: { "ключ": ["\u2028", "😀", '"'] }, float: 0.1, big: 1e300 },
  };
}

Deno.test("a recipe that was never run has no state, and load makes no directory", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(join(directory, "not", "there"));
    assert.equal(await backend.load("orders"), undefined);
    await assert.rejects(Deno.stat(join(directory, "not")), Deno.errors.NotFound);
  }));

Deno.test("what is saved is loaded again, with the next revision and the time", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(join(directory, "deep", ".state"));
    const before = Date.now();
    const saved = await backend.save("orders", someState("orders"));
    assert.equal(saved.revision, 1);
    assert.ok(Date.parse(saved.updated_at) >= before);
    assert.deepEqual(await new LocalStateBackend(join(directory, "deep", ".state")).load("orders"), saved);

    const text = await Deno.readTextFile(backend.describe("orders"));
    assert.ok(text.startsWith('{\n  "version": 1,\n  "recipe": "orders",\n') && text.endsWith("}\n"), text);
    assert.deepEqual(await namesIn(join(directory, "deep", ".state")), [".lock", "orders.json"]);
  }));

Deno.test("the save before the last is kept as the backup", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    const first = await backend.save("orders", someState("orders"));
    const second = await backend.save("orders", { ...first, sequence: 4 });
    await backend.save("orders", { ...second, sequence: 5 });
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${backend.describe("orders")}.bak`)), second);
    assert.deepEqual(await namesIn(directory), [".lock", "orders.json", "orders.json.bak"]);
  }));

Deno.test("a save of a revision that is not the saved one is refused and changes nothing", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    const first = await backend.save("orders", someState("orders"));
    const second = await backend.save("orders", first);
    for (const stale of [someState("orders"), first, { ...second, revision: 7 }]) {
      const error = await stateError(backend.save("orders", stale), "STATE_CONFLICT");
      assert.deepEqual([error.context.expected_revision, error.context.found_revision], [stale.revision, 2]);
    }
    assert.deepEqual(await backend.load("orders"), second);
    const gone = await stateError(backend.save("other", { ...second, recipe: "other" }), "STATE_CONFLICT");
    assert.match(gone.message, /it is gone/);
  }));

Deno.test("a temporary file that a killed process left does not hinder", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    await Deno.writeTextFile(`${backend.describe("orders")}.tmp`, "half a st");
    const saved = await backend.save("orders", someState("orders"));
    assert.deepEqual(await backend.load("orders"), saved);
    assert.deepEqual(await namesIn(directory), [".lock", "orders.json"]);
  }));

const good = JSON.stringify({ ...someState("orders"), revision: 1 });
const corrupted: [name: string, content: string | Uint8Array, reason: RegExp][] = [
  ["empty", "", /the file is empty/],
  ["zeros after a power cut", new Uint8Array(300), /it is not JSON/],
  ["truncated", good.slice(0, -40), /it is not JSON/],
  ["bad JSON", good.replace('"recipe":', '"recipe"'), /it is not JSON \(.*line 1 column/],
  ["not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), /it is not UTF-8 text/],
  ["an array", "[]", /it must hold one JSON object/],
  ["null", "null", /it must hold one JSON object/],
  ["no version", "{}", /"version" must be a whole number/],
  ["version as text", '{"version": "1"}', /"version" must be a whole number/],
  ["an unknown old version", '{"version": 0}', /its version 0 is not known/],
  ["a missing key", JSON.stringify({ ...JSON.parse(good), cursor_values: undefined }), /"cursor_values"/],
  ["a misspelt key", JSON.stringify({ ...JSON.parse(good), cursor_value: {} }), /cursor_value/],
  ["a wrong type", JSON.stringify({ ...JSON.parse(good), checkpoints: {} }), /"checkpoints"/],
  ["a list of no objects", JSON.stringify({ ...JSON.parse(good), checkpoints: [1] }), /"checkpoints.0"/],
  [
    "a revision too large to count",
    good.replace('"revision":1', '"revision":9007199254740993'),
    /"revision"/,
  ],
  ["a negative revision", JSON.stringify({ ...JSON.parse(good), revision: -1 }), /"revision"/],
  ["a bad time", JSON.stringify({ ...JSON.parse(good), updated_at: "yesterday" }), /"updated_at"/],
  [
    "another recipe's",
    JSON.stringify({ ...JSON.parse(good), recipe: "Orders" }),
    /the state of the recipe "Orders"/,
  ],
];
for (const [name, content, reason] of corrupted) {
  Deno.test(`a corrupted state is refused, never restarted: ${name}`, () =>
    inDirectory(async (directory) => {
      const backend = new LocalStateBackend(directory);
      const path = backend.describe("orders");
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(path, bytes);

      const error = await stateError(backend.load("orders"), "STATE_CORRUPTED");
      assert.ok(error.message.includes(path) && error.message.includes(`${path}.bak`), error.message);
      assert.match(error.message, reason);
      assert.match(error.hint!, /there is no backup.*`dataloader state reset orders --state-dir /);
      assert.equal(error.context.backup, `${path}.bak`);

      await stateError(backend.save("orders", someState("orders")), "STATE_CORRUPTED");
      assert.deepEqual(await Deno.readFile(path), bytes, "the file was touched");
    }));
}

Deno.test("the way back that a corrupted state's error shows works", () =>
  inDirectory(async (directory) => {
    const odd = join(directory, "it's here");
    const backend = new LocalStateBackend(odd);
    const first = await backend.save("orders", someState("orders"));
    await backend.save("orders", first);
    await Deno.writeTextFile(backend.describe("orders"), "{");

    const error = await stateError(backend.load("orders"), "STATE_CORRUPTED");
    assert.match(error.hint!, /revision 1 of \d{4}-/);
    const command = /with `(.*?)`, or/.exec(error.hint!)![1]!;
    const shell = Deno.build.os === "windows" ? ["cmd", "/c"] : ["sh", "-c"];
    const output = await new Deno.Command(shell[0]!, {
      args: [shell[1]!, command],
      windowsRawArguments: Deno.build.os === "windows",
    }).output();
    assert.equal(output.code, 0, command);
    assert.deepEqual(await backend.load("orders"), first);
  }));

Deno.test("a corrupted backup is not offered", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    await Deno.writeTextFile(backend.describe("orders"), "{");
    await Deno.writeTextFile(`${backend.describe("orders")}.bak`, "{");
    const error = await stateError(backend.load("orders"), "STATE_CORRUPTED");
    assert.match(error.hint!, /the backup .*\.bak can't be read either/);
    assert.doesNotMatch(error.hint!, /mv |move /);
  }));

Deno.test("a state put aside makes room and stays readable", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    assert.equal(await backend.setAside("orders"), undefined);
    await Deno.writeTextFile(backend.describe("orders"), "{broken");
    const aside = await backend.setAside("orders");
    assert.equal(await Deno.readTextFile(aside!), "{broken");
    assert.equal(dirname(aside!), directory);
    assert.equal((await backend.save("orders", someState("orders"))).revision, 1);
  }));

Deno.test("a state of a newer version is refused with the way out", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    await Deno.writeTextFile(backend.describe("orders"), '{"version": 99, "shape": "unknown"}');
    const error = await stateError(backend.load("orders"), "STATE_TOO_NEW");
    assert.match(error.hint!, /update dataloader/);
    await stateError(backend.save("orders", someState("orders")), "STATE_TOO_NEW");
  }));

Deno.test("older versions are migrated step by step, and the file as it was stays in the backup", () =>
  inDirectory(async (directory) => {
    const migrations = new Map([
      [-1, (state: object) => ({ ...state, origin: "run" })],
      [0, (state: object) => ({ ...someState("orders"), ...state, revision: 5 })],
    ]);
    const backend = new LocalStateBackend(directory, { migrations });
    await Deno.writeTextFile(backend.describe("orders"), '{"version": -1, "sequence": 8}');
    const state = await backend.load("orders");
    assert.deepEqual([state?.version, state?.sequence, state?.revision, state?.origin], [1, 8, 5, "run"]);
    await backend.save("orders", state!);
    assert.equal(
      await Deno.readTextFile(`${backend.describe("orders")}.bak`),
      '{"version": -1, "sequence": 8}',
    );
  }));

Deno.test("numbers that a person typed into the file keep every digit", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    const saved = await backend.save("orders", someState("orders"));
    const path = backend.describe("orders");
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(
      path,
      "\ufeff" +
        text.replace('"9223372036854775807"', "9223372036854775807").replace(
          '"float": 0.1',
          '"float": 12345678901234567.89',
        ),
    );
    const state = await backend.load("orders");
    assert.equal(state?.cursor_values.id, "9223372036854775807");
    assert.equal(state?.metadata.float, "12345678901234567.89");
    assert.equal(state?.metadata.big, 1e300);
    assert.equal((await backend.save("orders", state!)).revision, saved.revision + 1);
  }));

const unsavable: [name: string, change: object][] = [
  ["NaN", { cursor_values: { a: NaN } }],
  ["an infinity", { metadata: { a: [1, -Infinity] } }],
  ["a bigint", { cursor_values: { a: 1n } }],
  ["undefined", { watermarks: { a: undefined } }],
  ["a wrong shape", { checkpoints: {} }],
  ["another version", { version: 2 }],
  ["another recipe", { recipe: "customers" }],
];
for (const [name, change] of unsavable) {
  Deno.test(`a state that could not be loaded again is not saved: ${name}`, () =>
    inDirectory(async (directory) => {
      const backend = new LocalStateBackend(directory);
      const wrong = { ...someState("orders"), ...change } as State;
      await stateError(backend.save("orders", wrong), "STATE_INVALID");
      assert.deepEqual(await namesIn(directory), []);
    }));
}

Deno.test("a lock keeps a second one out in the same process too, until it is released", () =>
  inDirectory(async (directory) => {
    const lock = await new LocalStateBackend(join(directory, "new")).lock("orders");
    const other = new LocalStateBackend(join(directory, "new"));
    const error = await stateError(other.lock("orders"), "STATE_LOCKED");
    assert.equal(error.context.pid, Deno.pid);
    assert.equal(
      (await other.save("orders", emptyState("orders"))).revision,
      1,
      "a lock does not hinder saving",
    );
    await lock.release();
    await lock.release();
    await (await other.lock("orders")).release();
  }));

const unusable: [name: string, directory: (root: string) => Promise<string>][] = [
  ["a file stands where the directory should be", async (root) => {
    await Deno.writeTextFile(join(root, "file"), "");
    return join(root, "file");
  }],
  ["a file stands in the path", async (root) => {
    await Deno.writeTextFile(join(root, "file"), "");
    return join(root, "file", "state");
  }],
];
for (const [name, make] of unusable) {
  Deno.test(`a directory that can't be used is an error with a hint: ${name}`, () =>
    inDirectory(async (root) => {
      const backend = new LocalStateBackend(await make(root));
      for (const call of [() => backend.save("orders", someState("orders")), () => backend.lock("orders")]) {
        const error = await call().then(() => undefined, (error) => error);
        assert.ok(error instanceof StateError, String(error));
        assert.ok(["STATE_UNWRITABLE", "STATE_UNREADABLE"].includes(error.code), error.code);
        assert.match(error.hint!, /--state-dir/);
      }
    }));
}

Deno.test("a directory in the file's place is an error, not an empty state", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    await Deno.mkdir(backend.describe("orders"));
    const error = await stateError(backend.load("orders"), "STATE_UNREADABLE");
    assert.ok(error.message.includes(backend.describe("orders")));
  }));

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

testPermissions(
  "a directory without write permission is an error with a hint",
  import.meta.url,
  () =>
    inDirectory(async (directory) => {
      await Deno.chmod(directory, 0o500);
      const error = await stateError(
        new LocalStateBackend(directory).save("orders", someState("orders")),
        "STATE_UNWRITABLE",
      );
      assert.match(error.message, /permission denied/);
    }),
);

Deno.test({
  name: "a full disk is told, and the state saved last is still there",
  // Only root on Linux may mount a small disk.
  ignore: !(isRoot && Deno.build.os === "linux" && await mayMount()),
  fn: () =>
    inDirectory(async (directory) => {
      const mount = (...args: string[]) => new Deno.Command(args[0]!, { args: args.slice(1) }).output();
      await mount("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory);
      try {
        const backend = new LocalStateBackend(directory);
        const saved = await backend.save("orders", someState("orders"));
        const large = { ...saved, metadata: { filler: "x".repeat(100_000) } };
        const error = await stateError(backend.save("orders", large), "STATE_UNWRITABLE");
        assert.match(error.message, /the disk is full/);
        assert.match(error.hint!, /free some space/);
        assert.deepEqual(await backend.load("orders"), saved);
        assert.deepEqual(await namesIn(directory), [".lock", "orders.json", "orders.json.bak"]);

        await mount("mount", "-o", "remount,ro", directory);
        const readOnly = await stateError(backend.save("orders", saved), "STATE_UNWRITABLE");
        assert.match(readOnly.message, /read-only/);
      } finally {
        await mount("umount", directory);
      }
    }),
});

/** Whether this process may mount: a container's root often may not. */
async function mayMount(): Promise<boolean> {
  const directory = await Deno.makeTempDir();
  try {
    const mounted = await new Deno.Command("mount", { args: ["-t", "tmpfs", "tmpfs", directory] }).output();
    if (mounted.success) await new Deno.Command("umount", { args: [directory] }).output();
    return mounted.success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  } finally {
    await Deno.remove(directory);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) names.push(entry.name);
  return names.sort();
}
