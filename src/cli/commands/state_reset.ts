import { EMPTY_SOURCE_STATE } from "../../sdk/mod.ts";
import type { Call } from "../call.ts";
import { UsageError } from "../errors.ts";
import { EXIT } from "../io.ts";
import { changeState, loadState, type StateOptions, stateTarget } from "../state_target.ts";

/** `state reset`: forgets the position. A state that can't be read any more is moved aside by the backend's own hint. */
export async function resetState(
  call: Call,
  recipe: string,
  options: StateOptions & { yes?: true },
): Promise<void> {
  const target = await stateTarget(call, recipe, options);
  await loadState(target);
  if (!options.yes && !await confirm(call, `Forget the position of "${target.recipe}" (${target.place})?`)) {
    call.note("Nothing was changed.");
    call.io.exitCode = EXIT.failed;
    return;
  }
  await changeState(target, (state) => ({ ...state, ...EMPTY_SOURCE_STATE }));
  call.print(`The position of "${target.recipe}" is forgotten: the next run reads everything.`);
}

/** Asks a person. @throws {UsageError} `NOT_CONFIRMED` where nobody can answer. */
export async function confirm(call: Call, question: string): Promise<boolean> {
  if (call.io.confirm === undefined) {
    throw new UsageError("NOT_CONFIRMED", "This has to be confirmed, and there is no terminal to ask on.", {
      hint: "add --yes",
    });
  }
  return await call.io.confirm(question);
}
