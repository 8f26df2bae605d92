/** `packaging/install.sh` against a release on this machine. `install.ps1` needs PowerShell: run where there is one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fill } from "../../scripts/release/fill.ts";
import { has } from "../programs.ts";
import { asUser, giveAway, noOtherUser } from "../other_user.ts";

const PACKAGING = new URL("../../packaging/", import.meta.url);
const SCRIPT = fileURLToPath(new URL("install.sh", PACKAGING));
const WINDOWS = Deno.build.os === "windows";
const TARGET = `${Deno.build.os === "darwin" ? "macos" : "linux"}-${
  Deno.build.arch === "aarch64" ? "arm64" : "x64"
}`;
const ARCHIVE = `dataloader-${TARGET}.tar.gz`;

/** Stands for the executable: the script only calls `version`. */
const PROGRAM = "#!/bin/sh\necho dataloader 9.9.9\n";

async function archiveOf(program: string): Promise<Uint8Array<ArrayBuffer>> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(dir, "dataloader"), program, { mode: 0o755 });
    const { success } = await new Deno.Command("tar", { args: ["-czf", "a.tar.gz", "dataloader"], cwd: dir })
      .output();
    assert.ok(success);
    return await Deno.readFile(join(dir, "a.tar.gz"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function sumOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A release on a free port, and a home to install into. */
class Release implements AsyncDisposable {
  readonly files = new Map<string, Uint8Array<ArrayBuffer> | string>();
  readonly home: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(home: string) {
    this.home = home;
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const body = this.files.get(new URL(request.url).pathname.slice(1));
      return body === undefined ? new Response("no", { status: 404 }) : new Response(body);
    });
  }

  static async create(): Promise<Release> {
    const home = await Deno.realPath(await Deno.makeTempDir({ prefix: "dataloader home é " }));
    await Deno.chmod(home, 0o755);
    const release = new Release(home);
    await release.publish("latest/download", await archiveOf(PROGRAM));
    return release;
  }

  async publish(place: string, archive: Uint8Array<ArrayBuffer>): Promise<void> {
    this.files.set(`${place}/${ARCHIVE}`, archive);
    this.files.set(
      `${place}/checksums.txt`,
      `${"0".repeat(64)}  other.zip\n${await sumOf(archive)}  ${ARCHIVE}\n`,
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async install(
    args: readonly string[] = [],
    options: { env?: Record<string, string>; user?: boolean } = {},
  ) {
    const call = options.user ? asUser("sh", [SCRIPT, ...args]) : { command: "sh", args: [SCRIPT, ...args] };
    const { code, stdout, stderr } = await new Deno.Command(call.command, {
      args: call.args,
      cwd: this.home,
      clearEnv: true,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: this.home,
        DATALOADER_DOWNLOADS: this.url,
        ...options.env,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** What is installed, and nothing else is left. */
  async installed(folder = ".local/bin"): Promise<string[]> {
    const names = async () =>
      (await Array.fromAsync(Deno.readDir(join(this.home, folder)))).map(({ name }) => name);
    return await names().catch(() => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.home, { recursive: true });
  }
}

Deno.test({
  name: "install.sh",
  ignore: WINDOWS,
  async fn(t) {
    await t.step("installs the newest, says where, and that the folder is not in PATH", async () => {
      await using release = await Release.create();
      const { code, stdout, stderr } = await release.install();
      assert.deepEqual([code, stderr], [0, ""]);
      const path = join(release.home, ".local/bin");
      assert.match(
        stdout,
        new RegExp(`dataloader 9\\.9\\.9 is installed: ${RegExp.escape(path)}/dataloader`),
      );
      assert.match(stdout, /is not in PATH/);
      assert.deepEqual(await release.installed(), ["dataloader"]);
      assert.equal(await Deno.readTextFile(join(path, "dataloader")), PROGRAM);
      const quiet = await release.install([], { env: { PATH: `${path}:/usr/bin:/bin` } });
      assert.deepEqual([quiet.code, quiet.stdout.includes("PATH")], [0, false], "again, and now in PATH");
    });

    await t.step("a version, with or without the v, and another folder", async () => {
      await using release = await Release.create();
      await release.publish("download/v1.2.3", await archiveOf(PROGRAM.replace("9.9.9", "1.2.3")));
      for (const version of ["1.2.3", "v1.2.3"]) {
        const { code, stdout } = await release.install(["--version", version, "--dir", "here it is"]);
        assert.equal(code, 0);
        assert.match(stdout, /dataloader 1\.2\.3 is installed: here it is\/dataloader/);
      }
      assert.deepEqual(await release.installed("here it is"), ["dataloader"]);
    });

    const refused: [string, (release: Release) => void | Promise<void>, RegExp, string[]?][] = [
      [
        "a wrong checksum",
        (r) => void r.files.set(`latest/download/${ARCHIVE}`, "changed"),
        /checksum of .* is wrong/,
      ],
      ["no checksum", (r) => void r.files.set("latest/download/checksums.txt", ""), /does not name/],
      [
        "a checksum of a file whose name only contains ours",
        async (r) => {
          const sum = await sumOf(r.files.get(`latest/download/${ARCHIVE}`) as Uint8Array<ArrayBuffer>);
          r.files.set("latest/download/checksums.txt", `${sum}  x${ARCHIVE}\n`);
        },
        /does not name/,
      ],
      [
        "no asset for this system",
        (r) => void r.files.delete(`latest/download/${ARCHIVE}`),
        /there is no dataloader-.*\.tar\.gz at http/,
      ],
      ["a version that is not there", () => {}, /there is no checksums\.txt at .*v7\.7\.7/, [
        "--version",
        "7.7.7",
      ]],
      [
        "no archive",
        (r) => r.publish("latest/download", new TextEncoder().encode("junk")),
        /can't be unpacked/,
      ],
      [
        "a program that does not run",
        async (r) => r.publish("latest/download", await archiveOf("#!/bin/sh\necho broken >&2; exit 1\n")),
        /does not run on this system: broken/,
      ],
      ["an unknown argument", () => {}, /unknown argument --tarball/, ["--tarball"]],
      ["an argument without its value", () => {}, /--dir needs a value/, ["--dir"]],
    ];
    for (const [name, arrange, expected, args = []] of refused) {
      await t.step(`refuses ${name}, and keeps what is installed`, async () => {
        await using release = await Release.create();
        await Deno.mkdir(join(release.home, ".local/bin"), { recursive: true });
        await Deno.writeTextFile(join(release.home, ".local/bin/dataloader"), "the old one");
        await arrange(release);
        const { code, stdout, stderr } = await release.install(args);
        assert.equal(code, 1, stdout);
        assert.match(stderr, /^error: |\nerror: /);
        assert.match(stderr, expected);
        assert.deepEqual(await release.installed(), ["dataloader"]);
        assert.equal(await Deno.readTextFile(join(release.home, ".local/bin/dataloader")), "the old one");
      });
    }

    await t.step("no network", async () => {
      await using release = await Release.create();
      const { code, stderr } = await release.install([], {
        env: { DATALOADER_DOWNLOADS: "http://127.0.0.1:9" },
      });
      assert.equal(code, 1);
      assert.match(stderr, /can't be fetched: .+\n {2}hint: check the network/);
    });

    await t.step("wget where there is no curl; neither is an error", async () => {
      await using release = await Release.create();
      const bin = join(release.home, "bin");
      await Deno.mkdir(bin);
      const tools =
        "uname mktemp tar gzip sed tr cut sha256sum shasum head mkdir cp chmod mv rm grep find sh ldd wget";
      for (const tool of tools.split(" ")) {
        for (const folder of ["/usr/bin", "/bin"]) {
          if (await Deno.stat(`${folder}/${tool}`).then(() => true, () => false)) {
            await Deno.symlink(`${folder}/${tool}`, join(bin, tool)).catch(() => {});
          }
        }
      }
      if (await Deno.stat(join(bin, "wget")).then(() => true, () => false)) {
        const { code, stderr } = await release.install([], { env: { PATH: bin } });
        assert.deepEqual([code, stderr], [0, ""]);
        const missing = await release.install(["--version", "7.7.7"], { env: { PATH: bin } });
        assert.match(missing.stderr, /there is no checksums\.txt/);
        await Deno.remove(join(bin, "wget"));
      }
      const neither = await release.install([], { env: { PATH: bin } });
      assert.deepEqual(
        [neither.code, /neither curl nor wget/.test(neither.stderr)],
        [1, true],
        neither.stderr,
      );
    });

    await t.step({
      name: noOtherUser === undefined ? "a folder that can't be written" : `skipped: ${noOtherUser}`,
      ignore: noOtherUser !== undefined,
      async fn() {
        await using release = await Release.create();
        await Deno.mkdir(join(release.home, "locked"), { mode: 0o555 });
        await Deno.mkdir(join(release.home, "mine"));
        await giveAway(join(release.home, "mine"));
        if (noOtherUser === undefined && Deno.uid() !== 0) {
          await Deno.chmod(join(release.home, "locked"), 0o555);
        }
        for (const folder of ["locked", "locked/below"]) {
          const { code, stderr } = await release.install(["--dir", folder], { user: true });
          assert.equal(code, 1);
          assert.match(stderr, /can't be (written|made)[\s\S]*--dir/);
        }
        assert.deepEqual(await release.installed("locked"), []);
        assert.equal((await release.install(["--dir", "mine"], { user: true })).code, 0);
      },
    });

    await t.step("no home; a copy that names no place", async () => {
      await using release = await Release.create();
      assert.match((await release.install([], { env: { HOME: "" } })).stderr, /HOME is not set/);
      assert.match(
        (await release.install([], { env: { DATALOADER_DOWNLOADS: "" } })).stderr,
        /names no place/,
      );
    });
  },
});

Deno.test("templates of packaging/ have a value for each name", async () => {
  const values = { DOWNLOADS: "https://host/o/r/releases", HOMEPAGE: "https://host/o/r", VERSION: "1.2.3" };
  const sums = ["MACOS_ARM64", "MACOS_X64", "LINUX_ARM64", "LINUX_X64"].map((
    name,
  ) => [`SHA256_${name}`, "a".repeat(64)]);
  const read = (name: string) => Deno.readTextFile(new URL(name, PACKAGING));
  const formula = fill(await read("dataloader.rb.template"), { ...values, ...Object.fromEntries(sums) });
  assert.ok(formula.includes("https://host/o/r/releases/download/v1.2.3/dataloader-linux-x64.tar.gz"));
  assert.equal(formula.match(/sha256 "a{64}"/g)?.length, 4);
  for (const name of ["install.sh", "install.ps1"]) {
    assert.ok(fill(await read(name), values).includes("https://host/o/r/releases"), name);
  }
  assert.throws(() => fill("@NOTHING@", values), /no value for @NOTHING@/);
});

const pwsh = await has("pwsh");

Deno.test({
  name: pwsh ? "install.ps1 parses" : "skipped: install.ps1 is not parsed, as there is no PowerShell (pwsh)",
  ignore: !pwsh,
  async fn() {
    const file = fileURLToPath(new URL("install.ps1", PACKAGING)).replaceAll("'", "''");
    const program =
      `$errors = $null; [void][Management.Automation.Language.Parser]::ParseFile('${file}', [ref]$null, ` +
      "[ref]$errors); $errors | ForEach-Object { $_.ToString() }; exit $errors.Count";
    const { code, stdout } = await new Deno.Command("pwsh", { args: ["-NoProfile", "-Command", program] })
      .output();
    assert.equal(code, 0, new TextDecoder().decode(stdout));
  },
});
