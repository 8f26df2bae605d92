import { EMPTY_SOURCE_STATE, StateError } from "../../sdk/mod.ts";
import { LocalStateBackend } from "../../state/mod.ts";
import type { Call } from "../call.ts";
import { UsageError } from "../errors.ts";
import { EXIT } from "../io.ts";
import { changeState, loadIfAny, type StateOptions, type StateTarget, stateTarget } from "../state_target.ts";

/** What can't be read, and is no reason not to forget it. */
const UNREADABLE = ["STATE_CORRUPTED", "STATE_TOO_NEW"];

/** `state reset`: forgets the position. A state that can't be read is put aside, not removed. */
export async function resetState(
  call: Call,
  recipe: string,
  options: StateOptions & { yes?: true },
): Promise<void> {
  const target = await stateTarget(call, recipe, options);
  const readable = await canBeRead(target);
  if (!options.yes && !await confirm(call, `Forget the position of "${target.recipe}" (${target.place})?`)) {
    call.note("Nothing was changed.");
    call.io.exitCode = EXIT.failed;
    return;
  }
  if (!readable && target.backend instanceof LocalStateBackend) {
    const aside = await target.backend.setAside(target.recipe);
    if (aside !== undefined) call.print(`The state that can't be read is kept as ${call.path(aside)}`);
  }
  await changeState(target, (state) => ({ ...state, ...EMPTY_SOURCE_STATE }));
  call.print(`The position of "${target.recipe}" is forgotten: the next run reads everything.`);
}

async function canBeRead(target: StateTarget): Promise<boolean> {
  try {
    await loadIfAny(target);
    return true;
  } catch (error) {
    if (error instanceof StateError && UNREADABLE.includes(error.code)) return false;
    throw error;
  }
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
