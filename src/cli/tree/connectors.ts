import type { Command } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import { envFileOption, examples, jsonOption, logLevelOption, stateDirOption, varOption } from "./options.ts";

/** `list-connectors`, `connector`, `schema`. */
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
  program.command("schema")
    .summary("show the columns a recipe yields, or the JSON Schema of recipes")
    .description(
      "With a recipe: the columns and types that its destination would get. With --json-schema: the JSON Schema of " +
        "the recipe language, for editors.",
    )
    .argument("[recipe]", "recipe file")
    .option("--json-schema", "print the JSON Schema of recipes")
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples("dataloader schema orders.yaml", "dataloader schema --json-schema > recipe.schema.json"),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showSchema } = await load<typeof import("../commands/schema.ts")>("schema");
        await showSchema(call, recipe, options);
      })
    );
}
