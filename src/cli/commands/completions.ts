import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { registerBuiltins } from "../../builtin.ts";
import { connectorNames, formatNames, transformNames } from "../../sdk/mod.ts";
import type { Call } from "../call.ts";
import { completionTree } from "../completion_tree.ts";
import {
  bashScript,
  type CompletionData,
  fishScript,
  powershellScript,
  zshScript,
} from "../completion_scripts.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript };

/** `completions <shell>`: a script made from the command tree. */
export function printCompletions(call: Call, shell: keyof typeof SCRIPTS, program: CommandUnknownOpts): void {
  registerBuiltins();
  const data: CompletionData = {
    commands: completionTree(program),
    connectors: [...new Set([...connectorNames(), ...transformNames(), ...formatNames()])].sort(),
  };
  call.printClean(SCRIPTS[shell](data));
}
