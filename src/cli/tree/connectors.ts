import type { Command } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import { examples, jsonOption } from "./options.ts";

/** `list-connectors`, `connector`. */
export function addConnectorCommands(program: Command, io: CliIO): void {
  program.command("list-connectors")
    .summary("list what can be read and written")
    .description(
      "List the connectors and what each can do; with --all also transform steps and file formats.",
    )
    .option("-a, --all", "also list transform steps and file formats")
    .addOption(jsonOption())
    .addHelpText("after", examples("dataloader list-connectors", "dataloader list-connectors --all --json"))
    .action((options) =>
      invoke(io, {}, async (call) => {
        const { listConnectors } = await load<typeof import("../commands/list_connectors.ts")>(
          "list_connectors",
        );
        listConnectors(call, options);
      })
    );
  program.command("connector")
    .summary("explain a connector, a transform step or a file format")
    .description(
      "Show the keys of a connector, a transform step or a file format, with types, defaults and an example.",
    )
    .argument("<name>", "such as duckdb, filter or csv")
    .addOption(jsonOption())
    .addHelpText("after", examples("dataloader connector duckdb", "dataloader connector cast"))
    .action((name, options) =>
      invoke(io, {}, async (call) => {
        const { showConnector } = await load<typeof import("../commands/connector.ts")>("connector");
        showConnector(call, name, options);
      })
    );
}
