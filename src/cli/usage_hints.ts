/** What was meant by a word that the command line does not know: what other programs call it, or the nearest one. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { nearest } from "../sdk/mod.ts";

/** Other programs' options, and ours for the same. Of several the first that the command has. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "--output": ["--format", "--json"],
  "--output-format": ["--format", "--json"],
  "-o": ["--format", "--json"],
  "--format": ["--json"],
  "--verbose": ["--log-level debug"],
  "-v": ["--log-level debug"],
  "--debug": ["--log-level debug"],
  "--quiet": ["--no-progress"],
  "-q": ["--no-progress"],
  "--silent": ["--no-progress"],
  "--vars": ["--var"],
  "--set": ["--var"],
  "--env": ["--env-file"],
  "--dotenv": ["--env-file"],
  "--rows": ["--limit"],
  "--head": ["--limit"],
  "--state": ["--state-dir"],
  "--reset": ["--full-refresh"],
  "--refresh": ["--full-refresh"],
  "--resource": ["--select"],
  "--resources": ["--select"],
  "--dry": ["--dry-run"],
  "--check": ["--dry-run"],
  "--overwrite": ["--force"],
  "--yes": ["--force"],
};

/** Other programs' commands, and ours for the same. */
const COMMANDS: Readonly<Record<string, string>> = {
  list: "list-connectors",
  ls: "list-connectors",
  connectors: "list-connectors",
  sources: "list-connectors",
  load: "run",
  sync: "run",
  execute: "run",
  exec: "run",
  start: "run",
  lint: "validate",
  debug: "check",
  discover: "schema",
  columns: "schema",
  show: "show-state",
  reset: "state reset",
  new: "init",
  create: "init",
};

/** Other programs' words for a fixed value. */
const VALUES: Readonly<Record<string, string>> = {
  warn: "warning",
  trace: "debug",
  verbose: "debug",
  fatal: "error",
  critical: "error",
  ndjson: "json",
  jsonl: "json",
};

/** A hint for one of commander's messages; undefined where its own is as good. */
export function meantBy(message: string, command: CommandUnknownOpts): string | undefined {
  const [, option] = /^unknown option '([^'=]+)/.exec(message) ?? [];
  if (option !== undefined) return optionMeant(option, command);
  const [, word] = /^unknown command '([^']+)'/.exec(message) ?? [];
  if (word !== undefined) {
    const names = command.commands.map((sub) => sub.name());
    const meant = command.parent === null && Object.hasOwn(COMMANDS, word)
      ? COMMANDS[word]
      : names.find((name) => name.startsWith(`${word}-`)) ?? nearest(word, names);
    return didYouMean(meant);
  }
  const [, given, allowed] = /'([^']*)' is invalid\b.*Allowed choices are (.*?)\.?$/.exec(message) ?? [];
  if (given === undefined) return undefined;
  const choices = allowed!.split(", ");
  const other = VALUES[given.toLowerCase()];
  return didYouMean(choices.find((choice) => choice === other) ?? nearest(given, choices));
}

function optionMeant(option: string, command: CommandUnknownOpts): string | undefined {
  const known = command.options.flatMap(({ short, long }) => [long, short]).filter((flag) =>
    typeof flag === "string"
  );
  const other = (Object.hasOwn(OPTIONS, option) ? OPTIONS[option]! : []).find((one) =>
    known.includes(one.split(" ")[0]!)
  );
  if (other === "--format" && known.includes("--json")) return "did you mean `--format`, or `--json`?";
  return didYouMean(other ?? (option.startsWith("--") ? nearest(option, [...known, "--help"]) : undefined));
}

function didYouMean(meant: string | undefined): string | undefined {
  return meant === undefined ? undefined : `did you mean \`${meant}\`?`;
}
