import { type Command, Option } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import {
  envFileOption,
  examples,
  jsonFormatOption,
  jsonOption,
  logLevelOption,
  stateDirOption,
  varOption,
} from "./options.ts";

/** `test` and `contract`. */
export function addTestCommands(program: Command, io: CliIO): void {
  addTest(program, io);
  addContract(program, io);
}

function addContract(program: Command, io: CliIO): void {
  program.command("contract")
    .summary("export what a recipe promises of its rows")
    .description(
      "Print the columns and rules of a recipe for others to rely on: as the JSON Schema of a row, or as a document of the " +
        "Open Data Contract Standard. Opens the source to tell its columns, reads no rows but samples.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(
      new Option("--format <format>", "what is printed")
        .choices(["json-schema", "odcs"] as const).default("json-schema" as const),
    )
    .addOption(jsonFormatOption("json-schema" as const))
    .option("--offline", "open nothing: only the columns that `schema` and rules name")
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples(
        "dataloader contract orders.yaml > orders.schema.json",
        "dataloader contract orders.yaml --format odcs > orders.odcs.yaml",
      ),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { printContract } = await load<typeof import("../commands/contract.ts")>("contract");
        await printContract(call, recipe, options);
      })
    );
}

function addTest(program: Command, io: CliIO): void {
  program.command("test")
    .summary("run the tests of recipes, offline")
    .description(
      "Run the `tests:` of recipes. Rows that a test gives stand for the source, a table in memory for the destination; " +
        "everything between is what a run does. In a directory every recipe that has tests is tested.",
    )
    .argument("<path...>", "recipe files, or directories to search")
    .option("--filter <text>", "run only tests whose name, or `recipe: name`, holds this text")
    .option("--update", "write the rows that came out into the recipe, as the rows expected")
    .option("--junit <file>", "write a report in JUnit's XML, as CI systems read it")
    .addOption(jsonOption("print the outcome as JSON"))
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      `${
        examples(
          "dataloader test recipes/",
          "dataloader test orders.yaml --filter refunds",
          "dataloader test orders.yaml --update",
          "dataloader test recipes/ --junit out/tests.xml",
        )
      }
Exit codes:
  0    all tests passed
  1    a test failed
  2    a recipe is wrong, or there was no test to run
`,
    )
    .action((paths, options) =>
      invoke(io, options, async (call) => {
        const { testRecipes } = await load<typeof import("../commands/test.ts")>("test");
        await testRecipes(call, paths, options);
      })
    );
}
