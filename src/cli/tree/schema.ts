import { type Command, Option } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import {
  envFileOption,
  examples,
  jsonOption,
  logLevelOption,
  positive,
  stateDirOption,
  varOption,
} from "./options.ts";

/** `schema`, and what is below it. */
export function addSchemaCommands(program: Command, io: CliIO): void {
  const schema = program.command("schema")
    .summary("show the columns a recipe yields, their history, or the JSON Schema of recipes")
    .description(
      "With a recipe: the columns and types that its destination would get. With --json-schema: the JSON Schema of " +
        "the recipe language, for editors. The commands below tell of the versions that runs have recorded.",
    )
    .argument("[recipe]", "recipe file")
    .option("--json-schema", "print the JSON Schema of recipes")
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    // Else `--json` behind `schema history` would be taken for this command's.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examples(
        "dataloader schema orders.yaml",
        "dataloader schema --json-schema > recipe.schema.json",
        "dataloader schema infer orders.yaml --write",
        "dataloader schema history orders.yaml",
      ),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showSchema } = await load<typeof import("../commands/schema.ts")>("schema");
        await showSchema(call, recipe, options);
      })
    );
  schema.command("show")
    .summary("show a version of the schema that a run has recorded")
    .description("Show the columns that a recipe has loaded: the newest version, or the one that is named.")
    .argument("<recipe>", "recipe file")
    .addOption(new Option("--version <number>", "the version (default: the newest)").argParser(positive))
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples("dataloader schema show orders.yaml", "dataloader schema show orders.yaml --version 1 --json"),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showVersion } = await load<typeof import("../commands/schema_versions.ts")>(
          "schema_versions",
        );
        await showVersion(call, recipe, options);
      })
    );
  schema.command("history")
    .summary("list the versions of the schema: what changed, when, and by which run")
    .description(
      "List every version that runs of a recipe have recorded, newest first, with what it changed.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples("dataloader schema history orders.yaml", "dataloader schema history orders.yaml --json"),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showHistory } = await load<typeof import("../commands/schema_versions.ts")>(
          "schema_versions",
        );
        await showHistory(call, recipe, options);
      })
    );
  schema.command("diff")
    .summary("compare two versions of the schema, or the newest with the source as it is now")
    .description(
      "Compare columns. Without --to: with what the recipe would load now. Without --from: from the newest version. " +
        "Exit 1 where they differ.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(new Option("--from <number>", "a version (default: the newest)").argParser(positive))
    .addOption(
      new Option("--to <number>", "a version (default: the source as it is now)").argParser(positive),
    )
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples("dataloader schema diff orders.yaml", "dataloader schema diff orders.yaml --from 1 --to 3"),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showDiff } = await load<typeof import("../commands/schema_versions.ts")>("schema_versions");
        await showDiff(call, recipe, options);
      })
    );
  schema.command("infer")
    .summary("write a `schema:` block from the data")
    .description(
      "Read all rows of a recipe and print the `schema:` block that they fit: types, columns without NULL, keys. " +
        "With --write it goes into the recipe.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(
      new Option("--mode <mode>", "the mode to write").choices(["strict", "lenient", "infer"] as const)
        .default("strict" as const),
    )
    .option("--write", "put the block into the recipe file")
    .option("-f, --force", "with --write: replace the block that is there")
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples(
        "dataloader schema infer orders.yaml",
        "dataloader schema infer orders.yaml --mode lenient --write",
      ),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { inferBlock } = await load<typeof import("../commands/schema_infer.ts")>("schema_infer");
        await inferBlock(call, recipe, options);
      })
    );
}
