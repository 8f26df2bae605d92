import assert from "node:assert/strict";
import { testPermissions } from "../../other_user.ts";
import { ConnectorError } from "../../../src/sdk/mod.ts";
import { LocalStorage, noFiles, storageFor } from "../../../src/storage/mod.ts";

async function inTemp(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder.replaceAll("\\", "/"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function put(folder: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, name);
  }
}

Deno.test("list: globs, folders, names with glob characters", () =>
  inTemp(async (folder) => {
    await put(
      folder,
      "b.csv",
      "a.csv",
      "a.csv.run.tmp",
      "_dataloader_loads/r.res.json",
      "sub/c.csv",
      "sub/deep/d.csv",
      ".hidden/e.csv",
      "x[1].csv",
      "x1.csv",
    );
    const storage = new LocalStorage();
    const cases: [string, string[]][] = [
      ["*.csv", ["a.csv", "b.csv", "x1.csv", "x[1].csv"]],
      ["**/*.csv", ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv", "x1.csv", "x[1].csv"]],
      ["**", ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv", "x1.csv", "x[1].csv"]],
      ["sub/", ["sub/c.csv", "sub/deep/d.csv"]],
      ["sub/**/d.csv", ["sub/deep/d.csv"]],
      ["{b,a}.csv", ["a.csv", "b.csv"]],
      ["{a,*}.csv", ["a.csv", "b.csv", "x1.csv", "x[1].csv"]],
      ["x[1].csv", ["x[1].csv"]],
      ["x[0-9].csv", ["x1.csv"]],
      ["nothing*.csv", []],
      ["no/such/folder/*.csv", []],
      ["a.csv/*.csv", []],
      ["sub", []],
    ];
    for (const [pattern, expected] of cases) {
      const found = await storage.list(`${folder}/${pattern}`);
      assert.deepEqual(found.map((file) => file.path.slice(folder.length + 1)), expected, pattern);
    }
    const [file] = await storage.list(`${folder}/a.csv`);
    assert.equal(file?.size, 5);
    assert.ok(Math.abs(file!.modified - Date.now()) < 60_000);
  }));

Deno.test({
  name: "list: ** does not follow links in a circle, * does follow a link",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTemp(async (folder) => {
      await put(folder, "real/a.csv");
      await Deno.symlink(folder, `${folder}/real/loop`);
      await Deno.symlink(`${folder}/real`, `${folder}/link`);
      const storage = new LocalStorage();
      assert.deepEqual((await storage.list(`${folder}/**/*.csv`)).map((f) => f.path), [
        `${folder}/real/a.csv`,
      ]);
      assert.deepEqual((await storage.list(`${folder}/*/*.csv`)).map((f) => f.path), [
        `${folder}/link/a.csv`,
        `${folder}/real/a.csv`,
      ]);
      await Deno.symlink(`${folder}/gone`, `${folder}/broken.csv`);
      await assert.rejects(storage.list(`${folder}/*.csv`), { code: "FILE_NOT_FOUND" });
    }),
});

Deno.test({
  name: "list: a pipe is refused, not waited for",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTemp(async (folder) => {
      const { success } = await new Deno.Command("mkfifo", { args: [`${folder}/p.csv`] }).output();
      assert.ok(success);
      await assert.rejects(new LocalStorage().list(`${folder}/*.csv`), { code: "NOT_A_FILE" });
      await assert.rejects(new LocalStorage().list(`${folder}/p.csv`), { code: "NOT_A_FILE" });
    }),
});

Deno.test("write is whole or not at all, and leaves no litter", () =>
  inTemp(async (folder) => {
    const storage = new LocalStorage();
    const path = `${folder}/new/sub/x.txt`;
    await storage.write(path, new TextEncoder().encode("one"));
    assert.equal(await Deno.readTextFile(path), "one");
    const failing = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000));
        controller.error(new Error("connection lost"));
      },
    });
    await assert.rejects(storage.write(path, failing), /connection lost/);
    assert.equal(await Deno.readTextFile(path), "one");
    assert.deepEqual([...Deno.readDirSync(`${folder}/new/sub`)].map((e) => e.name), ["x.txt"]);
    await storage.rename(path, `${folder}/other/y.txt`);
    await storage.remove(`${folder}/other/y.txt`);
    await storage.remove(`${folder}/other/y.txt`);
  }));

Deno.test("open: whole files and ranges", () =>
  inTemp(async (folder) => {
    await put(folder, "abcdef");
    const storage = new LocalStorage();
    const text = async (range?: { start: number; end: number }) =>
      await new Response(await storage.open(`${folder}/abcdef`, range)).text();
    assert.equal(await text(), "abcdef");
    assert.equal(await text({ start: 2, end: 4 }), "cd");
    assert.equal(await text({ start: 4, end: 100 }), "ef");
    await assert.rejects(storage.open(`${folder}/nope`), { code: "FILE_NOT_FOUND" });
  }));

Deno.test("missing files: the error names what is there", () =>
  inTemp(async (folder) => {
    await put(folder, "orders.csv", "zebra.csv");
    const cases: [string, string, RegExp][] = [
      ["order.csv", "FILE_NOT_FOUND", /orders\.csv, .*zebra\.csv/],
      ["*.json", "NO_FILES", /orders\.csv/],
      ["gone/*.json", "NO_FILES", /empty or not there/],
    ];
    for (const [pattern, code, hint] of cases) {
      const error = await noFiles(`${folder}/${pattern}`).catch((e) => e);
      assert.ok(error instanceof ConnectorError);
      assert.equal(error.code, code);
      assert.match(error.hint!, hint);
      assert.ok(error.message.includes(pattern));
    }
  }));

testPermissions(
  "a folder that can't be read is PERMISSION_DENIED, not empty",
  import.meta.url,
  () =>
    inTemp(async (folder) => {
      await put(folder, "locked/a.csv");
      await Deno.chmod(`${folder}/locked`, 0o000);
      try {
        await assert.rejects(new LocalStorage().list(`${folder}/locked/*.csv`), {
          code: "PERMISSION_DENIED",
        });
      } finally {
        await Deno.chmod(`${folder}/locked`, 0o700);
      }
    }),
);

Deno.test("remote schemes say that they are not built yet", () => {
  for (const path of ["s3://b/k", "gs://b/k", "az://c/k", "sftp://h/k"]) {
    assert.throws(() => storageFor(path), { code: "NOT_BUILT_YET" }, path);
  }
  assert.throws(() => storageFor("hdfs://x/y"), { code: "UNKNOWN_SCHEME" });
  assert.equal(storageFor("file:///tmp/x").scheme, "file");
  assert.equal(storageFor("C:\\x").scheme, "file");
});
