/** Completion scripts, generated from the command tree. Pure. */
import type { CommandEntry, OptionEntry } from "./completion_tree.ts";

export interface CompletionData {
  readonly commands: readonly CommandEntry[];
  /** What `connector <name>` takes. */
  readonly connectors: readonly string[];
}

/** A POSIX command that prints the names of recipes with a state in the usual folder, one a line. */
const STATE_NAMES = `ls .state 2>/dev/null | sed -n 's/\\.json$//p'`;

/** Endings of recipe files. */
const RECIPE_ENDINGS = ["yaml", "yml", "json"];

/** For bash 3.2 and later (macOS has 3.2). */
export function bashScript(data: CompletionData): string {
  const cases = data.commands.map((command) => {
    const flags = command.options.flatMap((option) => option.flags).join(" ");
    return `    ${quote(command.path.join(" "))})
      options=${quote(flags)}
      words=${quote(fixedWords(command, data).join(" "))}
      files=${command.words}
      ;;`;
  });
  const values = data.commands.flatMap((command) =>
    command.options.filter((option) => option.value !== undefined).map((option) => {
      const pattern = option.flags.map((flag) => quote(`${command.path.join(" ")} ${flag}`)).join("|");
      return `    ${pattern}) values=${quote(option.choices.join(" "))}; taken=${option.value} ;;`;
    })
  );
  const parents = data.commands.filter((command) => command.subcommands.length > 0).map((c) =>
    c.path.join(" ")
  );
  return `# bash completion for dataloader: dataloader completions bash
# Takes hidden files out, unless they are asked for.
_dataloader_shown() {
  case "\${cur##*/}" in
    .*) cat ;;
    *) grep -vE '(^|/)\\.[^/]*$' ;;
  esac
}
_dataloader() {
  local cur prev command options words files values taken i
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  # --option=value comes as three words.
  if [ "$cur" = "=" ]; then cur=""
  elif [ "$prev" = "=" ]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  command="" options="-h --help -V --version" words=${
    quote(topWords(data).join(" "))
  } files=none values="" taken=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*) ;;
      *)
        if [ -z "$command" ]; then
          command="\${COMP_WORDS[i]}"
        else
          case "$command" in
            ${parents.map(quote).join("|")}) command="$command \${COMP_WORDS[i]}" ;;
          esac
          break
        fi
        ;;
    esac
  done
  case "$command" in
${cases.join("\n")}
  esac
  case "$command $prev" in
${values.join("\n")}
  esac
  if [ "$taken" = choice ]; then COMPREPLY=($(compgen -W "$values" -- "$cur")); return; fi
  if [ "$taken" = none ]; then return; fi
  if [ -z "$taken" ]; then
    case "$cur" in
      -*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;;
    esac
  else
    files=$taken
  fi
  local IFS=$'\\n'
  case "$files" in
    recipe | state)
      COMPREPLY=($({ compgen -d -- "$cur"; compgen -f -- "$cur" | grep -E '\\.(${
    RECIPE_ENDINGS.join("|")
  })$'; } | _dataloader_shown))
      if [ "$files" = state ]; then
        COMPREPLY+=($(compgen -W "$(${STATE_NAMES})" -- "$cur"))
      fi
      compopt -o filenames 2>/dev/null
      ;;
    path) COMPREPLY=($(compgen -f -- "$cur" | _dataloader_shown)); compopt -o filenames 2>/dev/null ;;
    directory) COMPREPLY=($(compgen -d -- "$cur" | _dataloader_shown)); compopt -o filenames 2>/dev/null ;;
    *) IFS=' '$'\\t\\n'; COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
}
complete -F _dataloader dataloader
`;
}

/** For zsh 5. */
export function zshScript(data: CompletionData): string {
  const top = data.commands.filter((command) => command.path.length === 1);
  const describe = (commands: readonly CommandEntry[]) =>
    commands.map((command) =>
      `    ${quote(`${command.path.at(-1)!}:${plain(command.summary).replaceAll(":", "\\:")}`)}`
    )
      .join("\n");
  const cases = data.commands.map((command) => {
    const specs = [...command.options.map(zshOption), ...zshWords(command, data)].map((spec) =>
      `        ${quote(spec)}`
    );
    if (command.subcommands.length > 0) {
      const subs = data.commands.filter((sub) => sub.path.length === 2 && sub.path[0] === command.path[0]);
      return `    ${quote(command.path.join(" "))})
      local -a subcommands
      subcommands=(
${describe(subs)}
      )
      _describe command subcommands
      ;;`;
    }
    return `    ${quote(command.path.join(" "))})
      _arguments -s \\
${specs.join(" \\\n")}
      ;;`;
  });
  const parents = data.commands.filter((command) => command.subcommands.length > 0).map((c) => c.path[0]!);
  return `#compdef dataloader
# zsh completion for dataloader: dataloader completions zsh
_dataloader_recipes() {
  local -a names
  names=(.state/*.json(N:t:r))
  _alternative 'files:recipe file:_files -g "*.(${
    RECIPE_ENDINGS.join("|")
  })(-.)"' 'names:recipe with a state:($names)'
}
_dataloader() {
  local -a commands
  commands=(
${describe(top)}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
    ${parents.join("|")})
      if (( CURRENT > 2 )); then
        command="$command $words[2]"
        shift words
        (( CURRENT-- ))
      fi
      ;;
  esac
  case "$command" in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_dataloader" ]; then
  _dataloader "$@"
else
  compdef _dataloader dataloader
fi
`;
}

/** For fish 3. */
export function fishScript(data: CompletionData): string {
  const lines = [
    "# fish completion for dataloader: dataloader completions fish",
    "complete -c dataloader -f",
  ];
  for (const command of data.commands) {
    const [first, second] = command.path as [string, string | undefined];
    const siblings = second === undefined
      ? []
      : data.commands.find((c) => c.path.join(" ") === first)!.subcommands;
    const before = second === undefined
      ? "__fish_use_subcommand"
      : `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${siblings.join(" ")}`;
    const after = second === undefined
      ? `__fish_seen_subcommand_from ${first}`
      : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    lines.push(
      `complete -c dataloader -n ${quote(before)} -a ${command.path.at(-1)!} -d ${
        quote(plain(command.summary))
      }`,
    );
    if (command.subcommands.length > 0) continue;
    for (const option of command.options) {
      lines.push(`complete -c dataloader -n ${quote(after)}${fishOption(option)}`);
    }
    const words = fishWords(command, data);
    if (words !== undefined) lines.push(`complete -c dataloader -n ${quote(after)} ${words}`);
  }
  return `${lines.join("\n")}\n`;
}

/** For Windows PowerShell 5.1 and PowerShell 7. */
export function powershellScript(data: CompletionData): string {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const list = (texts: readonly string[]) => `@(${texts.map(literal).join(", ")})`;
  const entries = data.commands.map((command) => {
    const values = command.options.filter((option) => option.choices.length > 0).flatMap((option) =>
      option.flags.map((flag) => `${literal(flag)} = ${list(option.choices)}`)
    );
    const options = command.options.flatMap((option) => option.flags);
    return `    ${literal(command.path.join(" "))} = @{ words = ${
      list(fixedWords(command, data))
    }; options = ${list(options)}; values = @{ ${values.join("; ")} } }`;
  });
  return `# PowerShell completion for dataloader: dataloader completions powershell
Register-ArgumentCompleter -Native -CommandName dataloader -ScriptBlock {
  param($word, $ast, $cursor)
  $commands = @{
${entries.join("\n")}
  }
  $before = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -ne '') { $before = @($before | Select-Object -SkipLast 1) }
  $names = @($before | Where-Object { $_ -notlike '-*' })
  $command = $null
  if ($names.Count -ge 2 -and $commands.ContainsKey("$($names[0]) $($names[1])")) {
    $command = $commands["$($names[0]) $($names[1])"]
  } elseif ($names.Count -ge 1 -and $commands.ContainsKey($names[0])) {
    $command = $commands[$names[0]]
  }
  if ($names.Count -eq 0) {
    $found = ${list(topWords(data))}
  } elseif ($null -eq $command) {
    $found = @()
  } elseif ($before.Count -gt 0 -and $command.values.ContainsKey($before[-1])) {
    $found = $command.values[$before[-1]]
  } elseif ($word -like '-*') {
    $found = $command.options
  } else {
    $found = $command.words
  }
  $found | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}

function topWords(data: CompletionData): string[] {
  return [...data.commands.filter((command) => command.path.length === 1).map((c) => c.path[0]!), "help"];
}

/** Words that can follow a command, apart from options and files. */
function fixedWords(command: CommandEntry, data: CompletionData): readonly string[] {
  if (command.subcommands.length > 0) return command.subcommands;
  return command.words === "connector" ? data.connectors : command.choices;
}

/** The long name stands for both. An option with a value may come again. */
function zshOption(option: OptionEntry): string {
  const text = plain(option.summary).replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", "\\:");
  const long = option.flags.at(-1)!;
  if (option.value === undefined) return `${long}[${text}]`;
  const action =
    { choice: `(${option.choices.join(" ")})`, path: "_files", directory: "_files -/", none: " " }[
      option.value
    ];
  return `*${long}=[${text}]:value:${action}`;
}

function zshWords(command: CommandEntry, data: CompletionData): string[] {
  switch (command.words) {
    case "recipe":
      return [`*:recipe:_files -g "*.(${RECIPE_ENDINGS.join("|")})(-.)"`];
    case "state":
      return ["1:recipe:_dataloader_recipes"];
    case "path":
      return ["*:path:_files"];
    case "directory":
      return ["*:directory:_files -/"];
    case "connector":
      return [`1:name:(${data.connectors.join(" ")})`];
    case "choice":
      return [`1:value:(${command.choices.join(" ")})`];
    case "none":
      return [];
  }
}

function fishOption(option: OptionEntry): string {
  const names = option.flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  );
  const values = option.value === undefined ? "" : {
    choice: ` -x -a ${quote(option.choices.join(" "))}`,
    path: " -r -F",
    directory: ` -x -a ${quote("(__fish_complete_directories)")}`,
    none: " -x",
  }[option.value];
  return ` ${names.join(" ")}${values} -d ${quote(plain(option.summary))}`;
}

/** Recipe files and folders, and no other files. */
const FISH_RECIPES = `(__fish_complete_path (commandline -ct) | string match -r '(?:/|\\.(?:${
  RECIPE_ENDINGS.join("|")
}))(?:\\t.*)?$' --entire)`;

function fishWords(command: CommandEntry, data: CompletionData): string | undefined {
  switch (command.words) {
    case "recipe":
      return `-a ${quote(FISH_RECIPES)}`;
    case "state":
      return `-a ${quote(`${FISH_RECIPES} (${STATE_NAMES})`)}`;
    case "path":
      return "-F";
    case "directory":
      return `-a ${quote("(__fish_complete_directories)")}`;
    case "connector":
      return `-a ${quote(data.connectors.join(" "))}`;
    case "choice":
      return `-a ${quote(command.choices.join(" "))}`;
    case "none":
      return undefined;
  }
}

/** A text in single quotes of a POSIX shell (and of fish). */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** One line without quotes, which shells read in different ways. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/["'`$\\]/g, "");
}
