/** The page of the command line. */
import type { Argument, Command, Option } from "commander";
import { code, codeBlock, page, prose, table } from "./markdown.ts";

/** A command with the words that lead to it: `["state", "reset"]`. */
export interface NamedCommand {
  readonly words: readonly string[];
  readonly command: Command;
}

/** Every command a user can see, depth first, without `help`. */
export function visibleCommands(program: Command, words: readonly string[] = []): NamedCommand[] {
  return program.createHelp().visibleCommands(program)
    .filter((command) => command.name() !== "help")
    .flatMap((command) => {
      const path = [...words, command.name()];
      return [{ words: path, command }, ...visibleCommands(command, path)];
    });
}

/** Options a user can see, without `--help`. */
export function visibleOptions(command: Command): Option[] {
  return command.createHelp().visibleOptions(command).filter((option) => option.long !== "--help");
}

/** `docs/reference/cli.md`. */
export function cliPage(program: Command): string {
  const commands = visibleCommands(program);
  const name = program.name();
  return page("The command line", [
    ...(program.description() === "" ? [] : [prose(program.description()), ""]),
    "Every command also takes `-h, --help`.",
    "",
    ...commands.map(({ words, command }) =>
      `- [${code([name, ...words].join(" "))}](#${[name, ...words].join("-")}): ${
        prose(command.summary() || firstLine(command.description()))
      }`
    ),
    "",
    ...optionSection("Options of every command", visibleOptions(program)),
    ...commands.flatMap(({ words, command }) => commandSection([name, ...words], command)),
  ]);
}

function commandSection(words: readonly string[], command: Command): string[] {
  const aliases = command.aliases();
  return [
    `## ${words.join(" ")}`,
    "",
    prose(command.description()),
    "",
    ...(aliases.length === 0 ? [] : [`Also: ${aliases.map(code).join(", ")}.`, ""]),
    ...codeBlock("text", `${words.join(" ")} ${command.usage()}`.trimEnd()),
    ...table(
      ["Argument", "", ""],
      command.registeredArguments.map((argument) => [
        code(argumentText(argument)),
        [
          argument.required ? "required" : "optional",
          ...(argument.argChoices === undefined ? [] : [argument.argChoices.map(code).join(", ")]),
        ].join("; "),
        argument.description,
      ]),
    ),
    ...optionSection("", visibleOptions(command)),
  ];
}

function optionSection(title: string, options: readonly Option[]): string[] {
  if (options.length === 0) return [];
  return [
    ...(title === "" ? [] : [`## ${title}`, ""]),
    ...table(
      ["Option", "Values", "Default", "What it does"],
      options.map((option) => [
        code(option.flags),
        option.argChoices?.map(code).join(", ") ?? "",
        option.mandatory ? "required" : defaultText(option),
        option.description +
        (option.envVar === undefined ? "" : ` (or ${code(option.envVar)} in the environment)`),
      ]),
    ),
  ];
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}

function argumentText(argument: Argument): string {
  return `${argument.name()}${argument.variadic ? "…" : ""}`;
}

function defaultText({ defaultValue, defaultValueDescription, negate }: Option): string {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  const empty = defaultValue === undefined || negate ||
    Array.isArray(defaultValue) && defaultValue.length === 0;
  return empty || defaultValue === false ? "" : code(String(defaultValue));
}
