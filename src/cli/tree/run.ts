import { type Command, Option } from "@commander-js/extra-typings";
import type { EarlyWorker } from "../../app/early_worker.ts";
import type { Call } from "../call.ts";
import { invoke, load } from "../invoke.ts";
import { type CliIO, resolvePath } from "../io.ts";
import {
  collect,
  envFileOption,
  examples,
  jsonOption,
  logLevelOption,
  positive,
  stateDirOption,
  varOption,
} from "./options.ts";

/** `run`. */
export function addRunCommands(program: Command, io: CliIO): void {
  program.command("run")
    .summary("run recipes: load what is new")
    .description(
      "Run one recipe after another. All of them are read and checked before the first one runs; " +
        "one that fails does not keep the others from running.",
    )
    .argument("<recipe...>", "recipe files")
    .addOption(varOption())
    .addOption(envFileOption())
    .addOption(stateDirOption())
    .option("--full-refresh", "forget the position and replace all rows at the destination")
    .addOption(
      new Option("--select <resource>", "run only this resource; may be repeated").argParser(collect),
    )
    .addOption(
      new Option("--limit <rows>", "read at most so many rows, and leave the position where it is")
        .argParser(positive),
    )
    .option("--dry-run", "read and transform, write nothing")
    .option(
      "--report <file>",
      "write what validation found: rules, counts, sample rows; as a page (.html) or as JSON (.json)",
    )
    .addOption(jsonOption("print a summary on stdout as one JSON object a line, one line a recipe"))
    .addOption(new Option("--log-format <format>", "how logs look").choices(["text", "json"] as const))
    .addOption(logLevelOption())
    .option("--no-progress", "show no progress")
    .option("--no-sandbox", "run with all permissions of this process, not only those that the recipe needs")
    .addHelpText(
      "after",
      examples(
        "dataloader run recipes/orders.yaml",
        "dataloader run orders.yaml customers.yaml --env-file .env",
        "dataloader run orders.yaml --full-refresh --var region=eu",
        "dataloader run orders.yaml --dry-run --report out/quality.html",
        "dataloader run orders.yaml --json --no-progress | jq .rows_written",
      ),
    )
    .action((recipes, options) =>
      invoke(io, options, async (call) => {
        const early = options.sandbox && !options.dryRun
          ? startEarly(call, recipes[0]!, options.stateDir)
          : undefined;
        const { runRecipes } = await load<typeof import("../commands/run.ts")>("run");
        await runRecipes(call, recipes, { ...options, early });
      })
    );
}

/** Starts the Worker of the first recipe as it was the last time, before anything else is loaded. */
async function startEarly(call: Call, file: string, stateDir?: string): Promise<EarlyWorker | undefined> {
  const url = new URL("../../app/early_worker.ts", import.meta.url).href;
  const { startEarly } = await import(url) as typeof import("../../app/early_worker.ts");
  return await startEarly(resolvePath(call.io, file), call.stateDirectory(stateDir, {}));
}
