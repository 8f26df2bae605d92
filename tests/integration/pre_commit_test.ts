/**
 * The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit in a repository with good and bad recipes. It is taken
 * from PATH, or installed by pip into a folder of the test.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles } from "../../scripts/files.ts";
import { has } from "../programs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The release that docs/pre-commit.md is written for. */
const PRE_COMMIT = "pre-commit==4.7.0";

const GOOD = `name: good
source: {type: csv, path: "{{ env_var('INBOX') }}/*.csv"}
destination: {type: duckdb, database: out.duckdb, table: good, write_mode: append}
`;

const FILES: Record<string, string> = {
  "recipes/good.yaml": GOOD,
  "recipes/a base.yaml": "source: {type: csv}\nruntime: {batch_size: 100}\n",
  "docker-compose.yaml": "services: {db: {image: postgres}}\n",
  "package.json": '{"name": "shop", "version": "1.0.0"}\n',
};

const git = await has("git");
const python = await has("python3", ["-c", "import venv, ensurepip"]);
const preCommit = await has("pre-commit");
const missing = !git
  ? "there is no git"
  : !preCommit && !python
  ? "there is no pre-commit, nor Python with venv"
  : undefined;

async function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
) {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Commits all files of a folder and gives the commit. */
async function commitAll(folder: string): Promise<string> {
  const identity = [
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@example.org",
    "-c",
    "commit.gpgsign=false",
  ];
  for (const args of [["init", "-q"], ["add", "-A"], [...identity, "commit", "-qm", "all", "--no-verify"]]) {
    const { code, text } = await run("git", args, { cwd: folder });
    assert.equal(code, 0, text);
  }
  return (await run("git", ["rev-parse", "HEAD"], { cwd: folder })).text.trim();
}

async function installPreCommit(dir: string): Promise<string> {
  if (preCommit) return "pre-commit";
  const made = await run("python3", ["-m", "venv", "venv"], { cwd: dir });
  assert.equal(made.code, 0, made.text);
  const bin = join(dir, "venv", Deno.build.os === "windows" ? "Scripts" : "bin");
  const installed = await run(
    join(bin, "pip"),
    ["install", "-q", "--disable-pip-version-check", PRE_COMMIT],
    {
      cwd: dir,
    },
  );
  assert.equal(installed.code, 0, installed.text);
  return join(bin, "pre-commit");
}

/** This project as it is now, as a repository of hooks. */
async function makeHooks(folder: string): Promise<string> {
  const files = await listFiles(ROOT, /^(main\.ts|src\/.*\.ts|deno\.(json|lock)|scripts\/pre_commit\.sh)$/);
  for (const file of [...files, ".pre-commit-hooks.yaml"]) {
    await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
    await Deno.copyFile(join(ROOT, file), join(folder, file));
  }
  return await commitAll(folder);
}

Deno.test({
  name: missing === undefined
    ? "pre-commit: the hooks pass good recipes and refuse bad ones"
    : `skipped: ${missing}`,
  ignore: missing !== undefined,
  async fn(t) {
    const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "dataloader pre-commit " }));
    try {
      const program = await installPreCommit(dir);
      const hooks = join(dir, "hooks");
      const rev = await makeHooks(hooks);
      const shop = join(dir, "shop");
      const config = `repos:
  - repo: ${JSON.stringify(hooks)}
    rev: ${rev}
    hooks:
      - id: dataloader-validate
      - id: dataloader-validate-all
`;
      for (const [path, text] of Object.entries({ ...FILES, ".pre-commit-config.yaml": config })) {
        await Deno.mkdir(join(shop, dirname(path)), { recursive: true });
        await Deno.writeTextFile(join(shop, path), text);
      }
      await commitAll(shop);
      // Git's settings of whoever runs the tests, such as hooks for all repositories, are not to take part.
      const env = { PRE_COMMIT_HOME: join(dir, "cache"), GIT_CONFIG_GLOBAL: "/dev/null" };
      const hook = (args: readonly string[]) =>
        run(program, ["run", "--color", "never", ...args], { cwd: shop, env });

      await t.step("all files: good recipes, a base, and files of other tools pass", async () => {
        const { code, text } = await hook(["--all-files"]);
        assert.equal(code, 0, text);
        assert.match(text, /validate recipes\.+Passed\nvalidate all recipes\.+Passed/);
      });

      await t.step("without any variable set, and without writing anything", async () => {
        assert.equal((await run("git", ["status", "--porcelain"], { cwd: shop })).text, "");
      });

      await t.step("a bad recipe fails, with every error of it, and the good one is not blamed", async () => {
        const bad = GOOD.replace("type: duckdb", "type: duckbd").replace("name: good", "name: bad\nvras: {}");
        await Deno.writeTextFile(join(shop, "recipes/bad one.yaml"), bad);
        await run("git", ["add", "-A"], { cwd: shop });
        const { code, text } = await hook(["dataloader-validate"]);
        assert.equal(code, 1, text);
        assert.match(text, /validate recipes\.+Failed/);
        assert.match(text, /error\[UNKNOWN_KEY\] recipes\/bad one\.yaml:2:1/);
        assert.match(
          text,
          /error\[UNKNOWN_CONNECTOR\] recipes\/bad one\.yaml:4:21[\s\S]*did you mean "duckdb"/,
        );
        assert.doesNotMatch(text, /recipes\/good\.yaml/, "only what is staged is looked at");
        await run("git", ["rm", "-qf", "recipes/bad one.yaml"], { cwd: shop });
      });

      await t.step("a base that is broken fails the recipes that extend it", async () => {
        await Deno.writeTextFile(join(shop, "recipes/good.yaml"), `extends: a base.yaml\n${GOOD}`);
        await run("git", ["add", "-A"], { cwd: shop });
        assert.equal((await hook([])).code, 0);
        await Deno.writeTextFile(join(shop, "recipes/a base.yaml"), "runtime: {batch_szie: 1}\n");
        await run("git", ["add", "recipes/a base.yaml"], { cwd: shop });
        const { code, text } = await hook(["dataloader-validate-all"]);
        assert.equal(code, 1, text);
        assert.match(text, /recipes\/a base\.yaml:1:11 \(extended by recipes\/good\.yaml\)/);
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
