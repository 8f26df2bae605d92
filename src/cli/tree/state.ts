import { type Command, Option } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import { collect, envFileOption, examples, jsonOption, stateDirOption, varOption } from "./options.ts";

const RECIPE = "recipe file, or the name of a recipe";

/** `show-state`, `state`. */
export function addStateCommands(program: Command, io: CliIO): void {
  program.command("show-state")
    .summary("show how far a recipe has come")
    .description(
      "Show the saved position of a recipe: cursors, watermarks, files seen, a run that was cut off.",
    )
    .argument("<recipe>", RECIPE)
    .addOption(jsonOption("print the whole state as JSON"))
    .addOption(stateDirOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addHelpText(
      "after",
      examples("dataloader show-state orders.yaml", "dataloader show-state orders --json"),
    )
    .action((recipe, options) =>
      invoke(io, {}, async (call) => {
        const { showState } = await load<typeof import("../commands/show_state.ts")>("show_state");
        await showState(call, recipe, options);
      })
    );
  const state = program.command("state")
    .summary("change, save or bring back a saved position")
    .description(
      "Change the saved position of a recipe. The next run believes it over what the destination remembers.",
    )
    .addHelpText("after", examples("dataloader state set orders.yaml --cursor updated_at=2024-05-01"));
  addReset(state as unknown as Command, io);
  addSet(state as unknown as Command, io);
  addExport(state as unknown as Command, io);
  addImport(state as unknown as Command, io);
}

function addReset(state: Command, io: CliIO): void {
  state.command("reset")
    .summary("forget the position")
    .description(
      "Forget the position: the next run reads everything again. Rows that are there already stay; with " +
        "write_mode: append they would be loaded a second time (`run --full-refresh` replaces them).",
    )
    .argument("<recipe>", RECIPE)
    .option("-y, --yes", "do not ask")
    .addOption(stateDirOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addHelpText("after", examples("dataloader state reset orders.yaml --yes"))
    .action((recipe, options) =>
      invoke(io, {}, async (call) => {
        const { resetState } = await load<typeof import("../commands/state_reset.ts")>("state_reset");
        await resetState(call, recipe, options);
      })
    );
}

function addSet(state: Command, io: CliIO): void {
  state.command("set")
    .summary("set a cursor or watermark by hand")
    .description("Set where the next run goes on from. What is not named stays as it is.")
    .argument("<recipe>", RECIPE)
    .addOption(
      new Option("--cursor <column=value>", "the last value loaded; may be repeated").argParser(collect),
    )
    .addOption(
      new Option("--watermark <column=value>", "the end of the last window loaded; may be repeated")
        .argParser(collect),
    )
    .addOption(stateDirOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addHelpText(
      "after",
      examples(
        "dataloader state set orders.yaml --cursor updated_at=2024-05-01T00:00:00",
        "dataloader state set orders.yaml      # accept the saved position as it is",
      ),
    )
    .action((recipe, options) =>
      invoke(io, {}, async (call) => {
        const { setState } = await load<typeof import("../commands/state_set.ts")>("state_set");
        await setState(call, recipe, options);
      })
    );
}

function addExport(state: Command, io: CliIO): void {
  state.command("export")
    .summary("write the state to a file or to stdout")
    .description("Write the whole state as JSON, for a backup or another machine.")
    .argument("<recipe>", RECIPE)
    .argument("[file]", "file to write; stdout where none is named")
    .option("-f, --force", "replace a file that is there")
    .addOption(stateDirOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addHelpText("after", examples("dataloader state export orders.yaml orders.state.json"))
    .action((recipe, file, options) =>
      invoke(io, {}, async (call) => {
        const { exportState } = await load<typeof import("../commands/state_export.ts")>("state_export");
        await exportState(call, recipe, { ...options, file });
      })
    );
}

function addImport(state: Command, io: CliIO): void {
  state.command("import")
    .summary("take the state from a file")
    .description("Replace the state by one that `state export` wrote.")
    .argument("<recipe>", RECIPE)
    .argument("<file>", "file to read; - for stdin")
    .option("--rename", "take the state of another recipe for this one")
    .option("-y, --yes", "do not ask before replacing a state")
    .addOption(stateDirOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addHelpText("after", examples("dataloader state import orders.yaml orders.state.json"))
    .action((recipe, file, options) =>
      invoke(io, {}, async (call) => {
        const { importState } = await load<typeof import("../commands/state_import.ts")>("state_import");
        await importState(call, recipe, { ...options, file });
      })
    );
}
