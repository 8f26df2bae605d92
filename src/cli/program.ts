/** The command tree: names, options and help. What a command does is imported when it is called. */
import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { VERSION } from "../version.ts";
import { type CliIO, EXIT } from "./io.ts";
import { styleFor } from "./style.ts";
import { meantBy } from "./usage_hints.ts";
import { addConnectorCommands } from "./tree/connectors.ts";
import { addLookCommands } from "./tree/look.ts";
import { addPermissionsCommand } from "./tree/permissions.ts";
import { addProjectCommands } from "./tree/project.ts";
import { addSchemaCommands } from "./tree/schema.ts";
import { addRunCommands } from "./tree/run.ts";
import { addStateCommands } from "./tree/state.ts";
import { addTestCommands } from "./tree/test.ts";

/** Builds the command tree over the given streams. */
export function buildProgram(io: CliIO): Command {
  const program = new Command("dataloader");
  const style = styleFor(io.stdout);
  program
    .description("Load data from anywhere to anywhere, as a recipe says.")
    .version(VERSION, "-V, --version", "print the version")
    // So that an option behind `schema history` is not taken for one of `schema`.
    .enablePositionalOptions()
    .helpOption("-h, --help", "show help")
    .addHelpCommand(
      // The typings know no help command with an argument; commander itself makes it so.
      new Command("help").argument("[command]").summary("show help for a command").helpGroup("Set up:")
        .helpOption(false) as unknown as Command,
    )
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => Math.min(io.stdout.columns, 100),
      getErrHelpWidth: () => Math.min(io.stderr.columns, 100),
      getOutHasColors: () => io.stdout.color,
      getErrHasColors: () => io.stderr.color,
    })
    .configureHelp({
      minWidthToWrap: 20,
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(argumentTerm)].join(" "),
      styleTitle: (text) => style.strong(text),
      styleCommandText: (text) => style.name(text),
      styleSubcommandText: (text) => style.name(text),
      styleOptionText: (text) => style.name(text),
      styleArgumentText: (text) => style.name(text),
    });
  program.commandsGroup("Load:");
  addRunCommands(program, io);
  program.commandsGroup("Look, without loading:");
  addLookCommands(program, io);
  addPermissionsCommand(program, io);
  addTestCommands(program, io);
  program.commandsGroup("State:");
  addStateCommands(program, io);
  program.commandsGroup("Learn:");
  addConnectorCommands(program, io);
  addSchemaCommands(program, io);
  program.commandsGroup("Set up:");
  addProjectCommands(program, io);
  program.addHelpText(
    "after",
    `
Start with:
  $ dataloader init demo && cd demo
  $ dataloader run recipes/hello.yaml

Exit codes:
  0    done
  1    the run failed
  2    the recipe or the command line is wrong
  3    some recipes or resources failed, others did not
  130  interrupted (143: terminated)
`,
  );
  shapeUsageErrors(program, io);
  return program as unknown as Command;
}

function argumentTerm(argument: { required: boolean; variadic: boolean; name(): string }): string {
  const text = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${text}>` : `[${text}]`;
}

/** Usage errors in the form of all our errors, pointing to the help of the command that was called. */
function shapeUsageErrors(command: CommandUnknownOpts, io: CliIO, parents: readonly string[] = []): void {
  const names = [...parents, command.name()];
  command.configureOutput({
    outputError: (text, write) => write(usageError(text, { command, name: names.join(" "), io })),
  });
  for (const sub of command.commands) shapeUsageErrors(sub, io, names);
}

/** Runs one command line (without the program's name). The exit code is in `io.exitCode`; nothing is thrown. */
export async function runCli(io: CliIO, args: readonly string[]): Promise<void> {
  const program = buildProgram(io);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return;
    }
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    io.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

/** Commander's `error: …` in the form of all our errors. */
function usageError(
  text: string,
  { command, name, io }: { command: CommandUnknownOpts; name: string; io: CliIO },
): string {
  const style = styleFor(io.stderr);
  const [first = "", ...rest] = text.trim().split("\n");
  const message = first.replace(/^error: /, "");
  const sentence = message.charAt(0).toUpperCase() + message.slice(1).replace(/\.?$/, ".");
  const said = rest.join(" ").replace(/^\((.*)\)$/, "$1").replace(
    /^Did you mean (.*)\?$/,
    "did you mean `$1`?",
  );
  const hint = meantBy(message, command) ?? (said || `see \`${name} --help\``);
  const lines = [style.error("error[USAGE]"), `  ${sentence}`, `  ${style.strong("hint:")} ${hint}`];
  return `${lines.join("\n")}\n`;
}
