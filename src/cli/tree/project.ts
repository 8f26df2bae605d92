import { Argument, type Command } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import { examples, jsonOption } from "./options.ts";

/** `init`, `completions`, `version`. */
export function addProjectCommands(program: Command, io: CliIO): void {
  program.command("init")
    .summary("make a project that runs at once")
    .description(
      "Write a recipe, a little data, a README and a .gitignore. Files that are there already are kept.",
    )
    .argument("[dir]", "directory to make it in", ".")
    .option("-f, --force", "replace files that are there")
    .addHelpText("after", examples("dataloader init", "dataloader init warehouse"))
    .action((dir, options) =>
      invoke(io, {}, async (call) => {
        const { initProject } = await load<typeof import("../commands/init.ts")>("init");
        await initProject(call, dir, options);
      })
    );
  program.command("completions")
    .summary("print a script that completes commands in a shell")
    .description("Print a completion script for a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish", "powershell"] as const))
    .addHelpText(
      "after",
      `
Install it:
  bash        dataloader completions bash > ~/.local/share/bash-completion/completions/dataloader
  zsh         dataloader completions zsh > "\${fpath[1]}/_dataloader"
  fish        dataloader completions fish > ~/.config/fish/completions/dataloader.fish
  powershell  dataloader completions powershell >> $PROFILE
`,
    )
    .action((shell) =>
      invoke(io, {}, async (call) => {
        const { printCompletions } = await load<typeof import("../commands/completions.ts")>("completions");
        printCompletions(call, shell, program);
      })
    );
  program.command("version")
    .summary("print the version")
    .description("Print the version, and with --json also those of the runtime and the embedded engine.")
    .addOption(jsonOption())
    .addHelpText("after", examples("dataloader version", "dataloader version --json"))
    .action((options) =>
      invoke(io, {}, async (call) => {
        const { printVersion } = await load<typeof import("../commands/version.ts")>("version");
        printVersion(call, options);
      })
    );
}
