import type { Command } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import { envFileOption, examples, jsonOption, logLevelOption, varOption } from "./options.ts";

/** `test`. */
export function addTestCommands(program: Command, io: CliIO): void {
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
