import { type Command, Option } from "@commander-js/extra-typings";
import { invoke, load } from "../invoke.ts";
import type { CliIO } from "../io.ts";
import {
  envFileOption,
  examples,
  jsonFormatOption,
  jsonOption,
  logLevelOption,
  positive,
  stateDirOption,
  varOption,
} from "./options.ts";

/** `validate`, `plan`, `preview`, `check`. */
export function addLookCommands(program: Command, io: CliIO): void {
  addValidate(program, io);
  addPlan(program, io);
  addPreview(program, io);
  addCheck(program, io);
}

function addValidate(program: Command, io: CliIO): void {
  program.command("validate")
    .summary("find everything that is wrong with recipes")
    .description(
      "Check recipes without opening anything: no connection, no data, no driver. In a directory every *.yaml, " +
        "*.yml and *.json file that looks like a recipe is checked; recipes that others extend are checked through those.",
    )
    .argument("<path...>", "recipe files, or directories to search")
    .addOption(
      new Option("--format <format>", "how findings are printed")
        .choices(["text", "json", "github", "sarif"] as const).default("text" as const),
    )
    .addOption(jsonFormatOption("json" as const))
    .option("--strict-env", "an environment variable that is not set is an error")
    .option("--only-recipes", "skip files that are no recipes, also those that are named")
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples(
        "dataloader validate recipes/",
        "dataloader validate orders.yaml --strict-env --env-file .env",
        "dataloader validate --only-recipes $(git diff --name-only --diff-filter=d main)",
        "dataloader validate recipes/ --format github",
        "dataloader validate recipes/ --format sarif > dataloader.sarif",
      ),
    )
    .action((paths, options) =>
      invoke(io, options, async (call) => {
        const { validateRecipes } = await load<typeof import("../commands/validate.ts")>("validate");
        await validateRecipes(call, paths, options);
      })
    );
}

function addPlan(program: Command, io: CliIO): void {
  program.command("plan")
    .summary("show what a run would do")
    .description(
      "Show what would be read, each step, what would be written and how, the schema change that is to be expected, " +
        "and the position that a run would go on from. Opens both ends, changes nothing.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(
      new Option("--format <format>", "how the plan is printed")
        .choices(["text", "json", "mermaid"] as const).default("text" as const),
    )
    .addOption(jsonFormatOption("json" as const))
    .option("--offline", "open nothing: show only what the recipe says")
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples(
        "dataloader plan orders.yaml",
        "dataloader plan orders.yaml --offline --format json",
        "dataloader plan orders.yaml --format mermaid > plan.mmd",
      ),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showPlan } = await load<typeof import("../commands/plan.ts")>("plan");
        await showPlan(call, recipe, options);
      })
    );
}

function addPreview(program: Command, io: CliIO): void {
  program.command("preview")
    .summary("show the first rows as the destination would get them")
    .description("Read and transform a few rows and show them. Nothing is written and no position is saved.")
    .argument("<recipe>", "recipe file")
    .addOption(new Option("-n, --limit <rows>", "how many rows").argParser(positive).default(10))
    .option("--from-start", "begin at the first row, not where a run would go on")
    .addOption(
      new Option("--format <format>", "how rows are printed")
        .choices(["table", "json", "csv"] as const).default("table" as const),
    )
    .addOption(jsonFormatOption("json" as const))
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples(
        "dataloader preview orders.yaml",
        "dataloader preview orders.yaml --from-start -n 100 --format csv",
      ),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { showPreview } = await load<typeof import("../commands/preview.ts")>("preview");
        await showPreview(call, recipe, options);
      })
    );
}

function addCheck(program: Command, io: CliIO): void {
  program.command("check")
    .summary("prove that both ends can be reached")
    .description(
      "Open the source and the destination of a recipe and list what was proved, or what is wrong.",
    )
    .argument("<recipe>", "recipe file")
    .addOption(jsonOption())
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(logLevelOption())
    .addHelpText(
      "after",
      examples("dataloader check orders.yaml", "dataloader check orders.yaml --env-file prod.env"),
    )
    .action((recipe, options) =>
      invoke(io, options, async (call) => {
        const { checkEnds } = await load<typeof import("../commands/check.ts")>("check");
        await checkEnds(call, recipe, options);
      })
    );
}
