/** States and files on this machine. */
import { LocalStateBackend } from "../../src/state/mod.ts";
import { LocalStorage } from "../../src/storage/mod.ts";
import { makeFolder } from "./folder.ts";
import { testState } from "./state.ts";
import { testStorage } from "./storage.ts";

testState({
  name: "local",
  async open() {
    const { path, remove } = await makeFolder();
    return {
      open: () => new LocalStateBackend(path),
      spoil: (recipe) =>
        Deno.writeTextFile(new LocalStateBackend(path).describe(recipe), '{"version": 1, "rec'),
      [Symbol.asyncDispose]: remove,
    };
  },
});

testStorage({
  name: "local",
  async open() {
    const { path, remove } = await makeFolder();
    return { storage: new LocalStorage(), base: path, [Symbol.asyncDispose]: remove };
  },
});
