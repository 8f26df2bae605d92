import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { visibleCommands } from "../../../scripts/generate/cli_page.ts";
import { manPage } from "../../../scripts/generate/man_page.ts";
import { loadProgram } from "../../../scripts/project.ts";
import { has } from "../../programs.ts";

const mandoc = await has("mandoc", ["-T", "utf8", "/dev/null"]);

Deno.test("the manual page names every command and option, in the form of man(7)", async () => {
  const program = await loadProgram();
  const page = manPage(program, { version: "1.2.3", date: "2026-01-31" });
  const plain = page.replaceAll("\\-", "-");
  for (const { words, command } of visibleCommands(program)) {
    assert.ok(plain.includes(`.SS dataloader ${words.join(" ")}`), words.join(" "));
    for (const { long } of command.options) assert.ok(plain.includes(long!), `${words.join(" ")} ${long}`);
  }
  for (const section of ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES"]) {
    assert.ok(page.includes(`\n.SH ${section}\n`), section);
  }
  assert.match(page, /^\.TH DATALOADER 1 "2026-01-31" "dataloader 1\.2\.3"/m);
  assert.match(plain, /^\.B 130$\n^interrupted/m);
});

Deno.test("text that `man` would take for commands is escaped", () => {
  const program = new Command("x").description(".start 'quoted \\n --flag");
  program.command("y").description("'tis").option("-a, --all", "all").action(() => {});
  const page = manPage(program as unknown as Awaited<ReturnType<typeof loadProgram>>, {
    version: "1",
    date: "",
  });
  assert.match(page, /^\\&\.start 'quoted \\en \\-\\-flag$/m);
  assert.match(page, /^\\&'tis$/m);
});

Deno.test({
  name: mandoc
    ? "mandoc finds no fault in man/dataloader.1"
    : "skipped: no mandoc to check the manual page with",
  ignore: !mandoc,
  async fn() {
    const page = await Deno.readTextFile(new URL("../../../man/dataloader.1", import.meta.url));
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, page);
      const { stdout } = await new Deno.Command("mandoc", { args: ["-T", "lint", "-W", "warning", file] })
        .output();
      const faults = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
      // Before the first release there is no date to give.
      assert.deepEqual(faults.filter((fault) => !fault.includes('missing date, using ""')), []);
    } finally {
      await Deno.remove(file);
    }
  },
});
