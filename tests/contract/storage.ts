/** The rules of `docs/specs/storage.md`, for every storage: T1…. */
import assert from "node:assert/strict";
import { ConnectorError, type Storage } from "../../src/sdk/mod.ts";

export interface StoragePlace extends AsyncDisposable {
  readonly storage: Storage;
  /** What paths begin with; no `/` at the end. */
  readonly base: string;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const read = async ({ storage }: StoragePlace, path: string, range?: { start: number; end: number }) =>
  await new Response(await storage.open(path, range) as ReadableStream<Uint8Array<ArrayBuffer>>).text();
const names = async ({ storage, base }: StoragePlace, pattern: string) =>
  (await storage.list(`${base}/${pattern}`)).map((file) => file.path.slice(base.length + 1));

async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof ConnectorError, `refused by an error of ours: ${error}`);
  assert.equal(error.code, code);
}

export const STORAGE_RULES: readonly {
  id: string;
  title: string;
  run: (place: StoragePlace) => Promise<void>;
}[] = [
  {
    id: "T1",
    title: "what is written is read again, whole or in part, whatever its name",
    run: async (place) => {
      for (
        const name of ["a.txt", "sub/deep/b c.txt", "ü ß 東.txt", "x[1].txt", "per%20cent.txt", "q?a#b.txt"]
      ) {
        const path = `${place.base}/${name}`;
        await place.storage.write(path, bytes(`content of ${name}`));
        assert.equal(await read(place, path), `content of ${name}`);
        assert.equal(await read(place, path, { start: 0, end: 7 }), "content");
        assert.equal(await read(place, path, { start: 3, end: 3 }), "");
      }
      const path = `${place.base}/stream.txt`;
      await place.storage.write(path, new Blob(["from ", "a stream"]).stream());
      assert.equal(await read(place, path), "from a stream");
      await place.storage.write(path, new Uint8Array());
      assert.equal(await read(place, path), "");
    },
  },
  {
    id: "T2",
    title: "a write that fails leaves what was there, and nothing else",
    run: async (place) => {
      const path = `${place.base}/a.txt`;
      await place.storage.write(path, bytes("old"));
      let pulls = 0;
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(bytes("new "));
          else controller.error(new Error("broken"));
        },
      });
      await assert.rejects(place.storage.write(path, broken));
      assert.equal(await read(place, path), "old");
      assert.deepEqual(await names(place, "**"), ["a.txt"]);
    },
  },
  {
    id: "T3",
    title: "`list` finds files by path, folder and glob, sorted, and leaves out dataloader's own",
    run: async (place) => {
      const all = ["b.csv", "a.csv", "sub/c.csv", "sub/deep/d.csv", "a.csv.tmp", "_dataloader_loads/x.json"];
      for (const name of all) await place.storage.write(`${place.base}/${name}`, bytes(name));
      assert.deepEqual(await names(place, "*.csv"), ["a.csv", "b.csv"]);
      assert.deepEqual(await names(place, "**/*.csv"), ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]);
      assert.deepEqual(await names(place, "sub/"), ["sub/c.csv", "sub/deep/d.csv"]);
      assert.deepEqual(await names(place, "{b,a}.csv"), ["a.csv", "b.csv"]);
      assert.deepEqual(await names(place, "a.csv"), ["a.csv"]);
      assert.deepEqual(await names(place, "none/*.csv"), []);
      const [file] = await place.storage.list(`${place.base}/a.csv`);
      assert.equal(file!.size, 5);
      assert.ok(Math.abs(file!.modified - Date.now()) < 600_000);
    },
  },
  {
    id: "T4",
    title: "`rename` moves over another file",
    run: async (place) => {
      const [a, b] = [`${place.base}/a.txt`, `${place.base}/b.txt`];
      await place.storage.write(a, bytes("a"));
      await place.storage.write(b, bytes("b"));
      await place.storage.rename(a, b);
      assert.equal(await read(place, b), "a");
      assert.deepEqual(await names(place, "*"), ["b.txt"]);
    },
  },
  {
    id: "T5",
    title: "`remove` may be repeated; reading what is not there is an error of ours",
    run: async (place) => {
      const path = `${place.base}/a.txt`;
      await place.storage.write(path, bytes("a"));
      await place.storage.remove(path);
      await place.storage.remove(path);
      await refused(read(place, path), "FILE_NOT_FOUND");
    },
  },
];

/** Runs the rules, each in a place of its own. */
export function testStorage(system: { name: string; open: () => Promise<StoragePlace> }): void {
  Deno.test(`contract, storage: ${system.name}`, async (t) => {
    for (const rule of STORAGE_RULES) {
      await t.step(`${rule.id} ${rule.title}`, async () => {
        await using place = await system.open();
        await rule.run(place);
      });
    }
  });
}
