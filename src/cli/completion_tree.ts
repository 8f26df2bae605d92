/** The command tree as the completion scripts need it. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** What a word that is no option may be. `state`: a recipe, or the name of one that has a state. */
export type WordKind = "recipe" | "state" | "path" | "directory" | "connector" | "choice" | "none";

/** What the value of an option may be. */
export type ValueKind = "choice" | "path" | "directory" | "none";

export interface OptionEntry {
  /** `--json`, `-y`. */
  readonly flags: readonly string[];
  readonly summary: string;
  /** What value it takes, where it takes one. */
  readonly value?: ValueKind;
  /** What values there are, where they are fixed. */
  readonly choices: readonly string[];
}

export interface CommandEntry {
  /** Words: `["state", "reset"]`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionEntry[];
  readonly words: WordKind;
  readonly choices: readonly string[];
  readonly subcommands: readonly string[];
}

/** All commands, parents before their subcommands, without the program itself. */
export function completionTree(program: CommandUnknownOpts): CommandEntry[] {
  return program.commands.flatMap((command) => entries(command, []));
}

function entries(command: CommandUnknownOpts, parents: readonly string[]): CommandEntry[] {
  const path = [...parents, command.name()];
  const argument = command.registeredArguments[0];
  const choices = argument?.argChoices ?? [];
  const entry: CommandEntry = {
    path,
    summary: command.summary() || command.description(),
    options: [
      ...command.options.map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
        summary: option.description,
        value: option.required || option.optional ? valueKind(option.flags, option.argChoices) : undefined,
        choices: option.argChoices ?? [],
      })),
      { flags: ["-h", "--help"], summary: "show help", choices: [] },
    ],
    words: choices.length > 0 ? "choice" : wordKind(argument?.name(), argument?.description),
    choices,
    subcommands: command.commands.map((sub) => sub.name()),
  };
  return [entry, ...command.commands.flatMap((sub) => entries(sub, path))];
}

/** By the placeholder: `--state-dir <dir>`. */
function valueKind(flags: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return "choice";
  if (/[<[](file|path)[>\]]/.test(flags)) return "path";
  return /[<[]dir[>\]]/.test(flags) ? "directory" : "none";
}

function wordKind(argument: string | undefined, description: string | undefined): WordKind {
  switch (argument) {
    case "recipe":
      return description?.includes("name of a recipe") ? "state" : "recipe";
    case "path":
    case "file":
      return "path";
    case "dir":
      return "directory";
    case "name":
      return "connector";
    default:
      return "none";
  }
}
