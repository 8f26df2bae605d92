import { type Command, Option } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import {
  envFileOption,
  examples,
  jsonFormatOption,
  logLevelOption,
  stateDirOption,
  varOption,
} from "./options.ts";

/** `permissions`. */
export function addPermissionsCommand(program: Command, io: CliIO): void {
  program.command("permissions")
    .summary("show all that a run may reach")
    .description(
      "Show the exact permissions that a run of a recipe holds: hosts, files and variables, each with the key that asks " +
        "for it. Opens neither end. With --format flags they are printed as flags of `deno run`, one a line, for a process " +
        "that is itself held to them: `deno run <flags> main.ts run --no-sandbox <recipe>`.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(
      new Option("--format <format>", "how they are printed")
        .choices(["text", "json", "flags"] as const).default("text" as const),
    )
    .addOption(jsonFormatOption("json" as const))
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples(
        "dataloader permissions orders.yaml",
        "dataloader permissions orders.yaml --format json | jq '.permissions[] | select(.kind == \"net\")'",
        "dataloader permissions orders.yaml --format flags > flags.txt",
      ),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showPermissions } = await load<typeof import("../commands/permissions.ts")>("permissions");
        await showPermissions(call, recipe, options);
      })
    );
}
