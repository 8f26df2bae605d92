/**
 * Ways out of a run's walls, tried by code of a recipe. Each resolves to true where it got through. The same attempts run
 * without walls, where they must get through: an attempt that can't succeed proves nothing.
 */
// deno-lint-ignore-file no-explicit-any no-eval -- code that misbehaves.
import { createRequire } from "node:module";

export interface Places {
  /** A file that the recipe does not name, and its content. */
  readonly secretFile: string;
  readonly secret: string;
  /** A folder that can be written by everybody but this run. */
  readonly otherFolder: string;
  /** The recipe, the one that it extends, the module of the step, and the state of another recipe. */
  readonly recipe: string;
  readonly parent: string;
  readonly module: string;
  readonly otherState: string;
  /** The folder that is read, with a link to the secret in it, and the folder that is written. */
  readonly inFolder: string;
  readonly outFile: string;
  /** A server that the recipe names, and one that it does not. */
  readonly allowed: number;
  readonly refused: number;
  /** The program's sources. */
  readonly program: string;
  readonly unixSocket: string;
}

type Attempt = (at: Places) => unknown;

/** Takes a value as proof. */
const has = (text: unknown, proof: string) => String(text).includes(proof);

/** Runs code in a Worker and resolves to what it posts, or to undefined. */
function inWorker(code: string, options: Record<string, unknown> = {}): Promise<unknown> {
  const url = `data:application/javascript,${encodeURIComponent(code)}`;
  const worker = new Worker(url, { type: "module", ...options });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    setTimeout(() => reject(new Error("no answer")), 3000);
  }).finally(() => worker.terminate());
}

const computed = <T>(value: T): T => value;

export const attempts: Record<string, Attempt> = {
  // Variables.
  "Deno.env.get": () => Deno.env.get("ESCAPE_SECRET") === "hidden",
  "Deno.env.toObject": () => Deno.env.toObject().ESCAPE_SECRET === "hidden",
  "process.env": () => (globalThis as any).process.env.ESCAPE_SECRET === "hidden",
  "node:process env": async () => (await import("node:process")).env.ESCAPE_SECRET === "hidden",
  "Deno.env.set": () => {
    Deno.env.set("ESCAPE_MADE", "x");
    return Deno.env.get("ESCAPE_MADE") === "x";
  },
  "worker_threads with the environment": async () => {
    const { Worker: NodeWorker, SHARE_ENV } = await import("node:worker_threads");
    const worker = new NodeWorker(
      'require("node:worker_threads").parentPort.postMessage(process.env.ESCAPE_SECRET ?? "")',
      { eval: true, env: SHARE_ENV as any },
    );
    return await new Promise((resolve, reject) => {
      worker.on("message", (value) => resolve(value === "hidden"));
      worker.on("error", reject);
      setTimeout(() => reject(new Error("no answer")), 3000);
    }).finally(() => worker.terminate());
  },

  // Files.
  "Deno.readTextFile": async (at) => has(await Deno.readTextFile(at.secretFile), at.secret),
  "Deno.readTextFileSync /etc/passwd": () => has(Deno.readTextFileSync("/etc/passwd"), "root"),
  "Deno.open": async (at) => {
    using file = await Deno.open(at.secretFile);
    return await file.read(new Uint8Array(10)) === 10;
  },
  "node:fs": async (at) => has((await import("node:fs")).readFileSync(at.secretFile, "utf8"), at.secret),
  "node:fs/promises": async (at) =>
    has(await (await import("node:fs/promises")).readFile(at.secretFile, "utf8"), at.secret),
  "process.getBuiltinModule": (at) =>
    has((globalThis as any).process.getBuiltinModule("fs").readFileSync(at.secretFile, "utf8"), at.secret),
  "process.binding": (at) => {
    const fs = (globalThis as any).process.binding("fs");
    const handle = fs.open(at.secretFile, 0, 0o666);
    return typeof handle === "number";
  },
  "fetch file:": async (at) => has(await (await fetch(new URL(`file://${at.secretFile}`))).text(), at.secret),
  "/proc/self/environ": async () => has(await Deno.readTextFile("/proc/self/environ"), "ESCAPE_SECRET"),
  "/proc/self/mem": async () => {
    using _ = await Deno.open("/proc/self/mem");
    return true;
  },
  "/proc of the parent process": async () => has(await Deno.readTextFile(`/proc/${Deno.ppid}/cmdline`), "\0"),
  "/proc/self/fd": async () => (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length > 0,
  "/proc/self/root": async (at) => has(await Deno.readTextFile(`/proc/self/root${at.secretFile}`), at.secret),
  "listing /": async () => (await Array.fromAsync(Deno.readDir("/"))).length > 0,
  "listing the system's temporary directory": async (at) =>
    (await Array.fromAsync(Deno.readDir(at.otherFolder.replace(/\/[^/]*\/[^/]*$/, "")))).length > 0,
  "Deno.stat": async (at) => (await Deno.stat(at.secretFile)).isFile,
  "Deno.realPath": async (at) => await Deno.realPath(at.secretFile) !== "",
  "..": async (at) => has(await Deno.readTextFile(`${at.inFolder}/../secret/secret.txt`), at.secret),
  "making a link": async (at) => {
    const link = `${at.outFile}.link`;
    await Deno.symlink(at.secretFile, link);
    const text = await Deno.readTextFile(link);
    await Deno.remove(link);
    return has(text, at.secret);
  },
  "making a link in the work folder": async (at) => {
    const link = `${at.outFile.replace(/[^/]*$/, "")}_dataloader_loads/link.tmp`;
    (await import("node:fs")).symlinkSync(at.secretFile, link);
    const text = await Deno.readTextFile(link);
    await Deno.remove(link);
    return has(text, at.secret);
  },
  "a hard link": async (at) => {
    const link = `${at.outFile.replace(/[^/]*$/, "")}_dataloader_loads/hard.tmp`;
    await Deno.link(at.secretFile, link);
    const text = await Deno.readTextFile(link);
    await Deno.remove(link);
    return has(text, at.secret);
  },
  "copying": async (at) => {
    const copy = `${at.outFile.replace(/[^/]*$/, "")}_dataloader_loads/copy.tmp`;
    await Deno.copyFile(at.secretFile, copy);
    const text = await Deno.readTextFile(copy);
    await Deno.remove(copy);
    return has(text, at.secret);
  },
  "writing elsewhere": async (at) => {
    await Deno.writeTextFile(`${at.otherFolder}/written.txt`, "x");
    return true;
  },
  "writing beside the destination": async (at) => {
    await Deno.writeTextFile(`${at.outFile}.other`, "x");
    await Deno.remove(`${at.outFile}.other`);
    return true;
  },
  "writing the recipe": (at) => rewrite(at.recipe),
  "writing the recipe's parent": (at) => rewrite(at.parent),
  "writing its own module": (at) => rewrite(at.module),
  "writing the source": (at) => rewrite(`${at.inFolder}/rows.csv`),
  "writing the state of another recipe": (at) => rewrite(at.otherState),
  "writing the program": async (at) => {
    using _ = await Deno.open(`${at.program}main.ts`, { write: true });
    return true;
  },
  "removing": async (at) => {
    await Deno.writeTextFile(`${at.otherFolder}/victim.txt`, "x");
    await Deno.remove(`${at.otherFolder}/victim.txt`);
    return true;
  },
  "Deno.makeTempFile": async () => {
    await Deno.remove(await Deno.makeTempFile());
    return true;
  },
  "Deno.chmod": async (at) => {
    await Deno.chmod(at.secretFile, 0o644);
    return true;
  },
  "Deno.chdir": (at) => {
    const before = Deno.cwd();
    Deno.chdir(at.otherFolder);
    Deno.chdir(before);
    return true;
  },
  "the cache storage": async () => {
    await (await caches.open("escape")).put("http://escape/", new Response("x"));
    await caches.delete("escape");
    return true;
  },

  // Network. Servers answer "reached".
  "another port": async (at) => has(await text(`http://127.0.0.1:${at.refused}/`), "reached"),
  "a redirect to another port": async (at) =>
    has(await text(`http://127.0.0.1:${at.allowed}/to-refused`), "reached"),
  "another name of the same host": async (at) =>
    has(await text(`http://localhost:${at.allowed}/`), "reached"),
  "the same host by another notation": async (at) =>
    has(await text(`http://[::ffff:127.0.0.1]:${at.refused}/`), "reached"),
  "Deno.connect": async (at) => {
    using _ = await Deno.connect({ hostname: "127.0.0.1", port: at.refused });
    return true;
  },
  "node:net": async (at) => {
    const { connect } = await import("node:net");
    return await new Promise((resolve, reject) => {
      const socket = connect(at.refused, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", reject);
    });
  },
  "node:http": async (at) => {
    const { get } = await import("node:http");
    return await new Promise((resolve, reject) => {
      get(`http://127.0.0.1:${at.refused}/`, (response) => {
        response.resume();
        resolve(true);
      }).on("error", reject);
    });
  },
  "WebSocket": async (at) => {
    const socket = new WebSocket(`ws://127.0.0.1:${at.refused}/socket`);
    return await new Promise((resolve, reject) => {
      socket.onopen = () => {
        socket.close();
        resolve(true);
      };
      socket.onerror = () => reject(new Error("refused"));
    });
  },
  "EventSource": async (at) => {
    const events = new EventSource(`http://127.0.0.1:${at.refused}/events`);
    return await new Promise((resolve, reject) => {
      events.onopen = () => resolve(true);
      events.onerror = () => reject(new Error("refused"));
    }).finally(() => events.close());
  },
  "Deno.resolveDns": async () =>
    (await Deno.resolveDns("127.0.0.1", "PTR").catch((error) => {
      if (error instanceof Deno.errors.NotCapable) throw error;
      return ["asked"];
    })).length >= 0,
  "node:dns": async () => {
    const { lookup } = await import("node:dns/promises");
    return (await lookup("localhost")).address !== "";
  },
  "Deno.listen": () => {
    using _ = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return true;
  },
  "Deno.serve": async () => {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("x"));
    await server.shutdown();
    return true;
  },
  "a Unix socket": async (at) => {
    using _ = await Deno.connect({ transport: "unix", path: at.unixSocket });
    return true;
  },

  // Processes and native code.
  "Deno.Command": () => new Deno.Command("/bin/echo", { args: ["x"] }).outputSync().success,
  "node:child_process": async () =>
    has((await import("node:child_process")).execSync("echo reached").toString(), "reached"),
  "Deno.kill of the parent": () => {
    Deno.kill(Deno.ppid, "SIGCONT");
    return true;
  },
  "process.kill of the parent": () => (globalThis as any).process.kill(Deno.ppid, 0) === true,
  "Deno.dlopen": () => {
    const library = Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } });
    const pid = library.symbols.getpid();
    library.close();
    return pid > 0;
  },
  "process.dlopen of the engine": (at) => {
    const path = addon(at);
    const module = { exports: {} as any };
    (globalThis as any).process.dlopen(module, path);
    return true;
  },
  "require of the engine": (at) => {
    const engine = createRequire(`${at.program}src/batch/native.ts`)("@duckdb/node-bindings");
    return typeof engine.open === "function";
  },
  "require of the engine by its file": (at) => typeof createRequire(at.module)(addon(at)).open === "function",
  "import of the engine": async () => {
    const name = computed("@duckdb/node-bindings");
    return typeof (await import(name)).default.open === "function";
  },
  "import of the engine's wrapper": async (at) => {
    const name = computed("@duckdb/node-api");
    const { DuckDBInstance } = await import(name);
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const rows = await (await connection.run(`SELECT content FROM read_text('${at.secretFile}')`)).getRows();
    return has(rows, at.secret);
  },
  "the program's own module of native code": async (at) => {
    const { takeNative } = await import(`file://${at.program}src/batch/native.ts`);
    return typeof takeNative().open === "function";
  },
  "the same module once more": async (at) => {
    const { takeNative } = await import(`file://${at.program}src/batch/native.ts?again`);
    return typeof takeNative().open === "function";
  },
  "a session of the engine of its own": async (at) => {
    const { createSession } = await import(`file://${at.program}src/batch/session.ts`);
    const session = await createSession({});
    try {
      return has(
        JSON.stringify(await session.query(`SELECT content FROM read_text('${at.secretFile}')`)),
        at.secret,
      );
    } finally {
      await session.close();
    }
  },
  "widening the engine's walls": async (at) => {
    const { setEngineWalls } = await import(`file://${at.program}src/batch/walls.ts`);
    setEngineWalls(["/"], "/tmp");
    const { createSession } = await import(`file://${at.program}src/batch/session.ts`);
    const session = await createSession({});
    try {
      return has(
        JSON.stringify(await session.query(`SELECT content FROM read_text('${at.secretFile}')`)),
        at.secret,
      );
    } finally {
      await session.close();
    }
  },
  "other methods of strings while a session is opened": async (at) => {
    const { createSession } = await import(`file://${at.program}src/batch/session.ts`);
    const { replaceAll } = String.prototype;
    const { join, map } = Array.prototype;
    String.prototype.replaceAll = () => "x', '/";
    Array.prototype.join = () => "'/'";
    Array.prototype.map = function () {
      return ["/"] as any;
    };
    try {
      const session = await createSession({}).finally(restore);
      const rows = await session.query(`SELECT content FROM read_text('${at.secretFile}')`);
      await session.close();
      return has(JSON.stringify(rows), at.secret);
    } finally {
      restore();
    }
    function restore() {
      Object.assign(String.prototype, { replaceAll });
      Object.assign(Array.prototype, { join, map });
    }
  },
  "taking what promises give": async (at) => {
    const { createSession } = await import(`file://${at.program}src/batch/session.ts`);
    const { then } = Promise.prototype;
    const taken: unknown[] = [];
    const patched = function (this: Promise<unknown>, ...args: unknown[]) {
      return Reflect.apply(then, this, [
        (value: unknown) => {
          taken.push(value);
          return typeof args[0] === "function" ? args[0](value) : value;
        },
        args[1],
      ]);
    };
    try {
      Object.defineProperty(Promise.prototype, "then", {
        value: patched,
        configurable: true,
        writable: true,
      });
      const session = await createSession({});
      await session.close();
    } finally {
      Object.defineProperty(Promise.prototype, "then", { value: then, configurable: true, writable: true });
    }
    return taken.length > 0;
  },

  // Modules and Workers.
  "import of a file outside": async (at) =>
    (await import(`file://${at.otherFolder}/module.ts`)).default === "outside",
  "import of a copy of a file outside": async (at) =>
    (await import(`file://${at.otherFolder}/module.ts?x#y`)).default === "outside",
  "data: that imports a file outside": async (at) => {
    const code = `export { default } from ${JSON.stringify(`file://${at.otherFolder}/module.ts`)}`;
    return (await import(`data:application/javascript,${encodeURIComponent(code)}`)).default === "outside";
  },
  "blob: that reads": async (at) => {
    const code = `export default Deno.readTextFileSync(${JSON.stringify(at.secretFile)})`;
    const url = URL.createObjectURL(new Blob([code], { type: "application/javascript" }));
    return has((await import(url)).default, at.secret);
  },
  "import from a server": async (at) =>
    (await import(`http://127.0.0.1:${at.refused}/module.js`)).default === "served",
  "import from a server that may be reached": async (at) =>
    (await import(`http://127.0.0.1:${at.allowed}/module.js`)).default === "served",
  "data: that imports from a server": async (at) => {
    const code = `export { default } from "http://127.0.0.1:${at.refused}/module.js"`;
    return (await import(`data:application/javascript,${encodeURIComponent(code)}`)).default === "served";
  },
  "a Worker that inherits": async (at) =>
    has(
      await inWorker(`self.postMessage(Deno.readTextFileSync(${JSON.stringify(at.secretFile)}))`),
      at.secret,
    ),
  "a Worker with more permissions": async (at) =>
    has(
      await inWorker(`self.postMessage(Deno.readTextFileSync(${JSON.stringify(at.secretFile)}))`, {
        deno: { permissions: { read: true } },
      }),
      at.secret,
    ),
  "a Worker that asks for the environment": async () =>
    await inWorker(`self.postMessage(Deno.env.get("ESCAPE_SECRET"))`, {
      deno: { permissions: { env: ["ESCAPE_SECRET"] } },
    }) === "hidden",
  "a Worker from a file outside": async (at) => {
    const worker = new Worker(`file://${at.otherFolder}/worker.ts`, { type: "module" });
    return await new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data === "outside");
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      setTimeout(() => reject(new Error("no answer")), 3000);
    }).finally(() => worker.terminate());
  },
  "eval": (at) => has((0, eval)("Deno.readTextFileSync")(at.secretFile), at.secret),
  "new Function": (at) =>
    has(new Function("path", "return Deno.readTextFileSync(path)")(at.secretFile), at.secret),
  "node:vm": async (at) => {
    const { runInThisContext } = await import("node:vm");
    return has(runInThisContext("(path) => Deno.readTextFileSync(path)")(at.secretFile), at.secret);
  },
  "WebAssembly": (at) => {
    // (module (import "m" "f" (func $f)) (start $f)): calls what it is given, with the rights of whoever instantiates it.
    const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0, 8, 1, 0];
    let got = "";
    const f = () => void (got = Deno.readTextFileSync(at.secretFile));
    new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), { m: { f } });
    return has(got, at.secret);
  },

  // Permissions, the system and the program.
  "Deno.permissions.request": async (at) =>
    (await Deno.permissions.request({ name: "read", path: at.secretFile })).state === "granted",
  "Deno.hostname": () => Deno.hostname() !== "",
  "Deno.networkInterfaces": () => Deno.networkInterfaces().length > 0,
  "node:os userInfo": async () => (await import("node:os")).userInfo().uid >= 0,
  "Deno.loadavg": () => Deno.loadavg().length === 3,
  "node:inspector": async () => {
    const inspector = await import("node:inspector");
    inspector.open(0);
    inspector.close();
    return true;
  },
};

async function rewrite(path: string): Promise<boolean> {
  const before = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, before);
  return true;
}

async function text(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** The engine's native library, found without reading a folder. */
function addon({ program }: Places): string {
  const name = `node-bindings-linux-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  return `${program}node_modules/.deno/@duckdb+${name}@1.5.5-r.5/node_modules/@duckdb/${name}/duckdb.node`;
}
