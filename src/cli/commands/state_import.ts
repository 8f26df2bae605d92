import { type State, StateError } from "../../sdk/mod.ts";
import { decodeState } from "../../state/codec.ts";
import type { Call } from "../call.ts";
import { UsageError } from "../errors.ts";
import { EXIT, resolvePath } from "../io.ts";
import { changeState, type StateOptions, stateTarget } from "../state_target.ts";
import { confirm } from "./state_reset.ts";

export interface ImportOptions extends StateOptions {
  readonly file: string;
  readonly rename?: true;
  readonly yes?: true;
}

/** `state import`: replaces the state by one that was exported. */
export async function importState(call: Call, recipe: string, options: ImportOptions): Promise<void> {
  const target = await stateTarget(call, recipe, options);
  const imported = decode(await readInput(call, options.file), target.recipe, options);
  const before = await target.backend.load(target.recipe);
  if (before !== undefined && !options.yes) {
    const question =
      `Replace the state of "${target.recipe}" (${target.place}, revision ${before.revision})?`;
    if (!await confirm(call, question)) {
      call.note("Nothing was changed.");
      call.io.exitCode = EXIT.failed;
      return;
    }
  }
  await changeState(target, (state) => ({
    ...imported,
    sequence: Math.max(state.sequence, imported.sequence),
  }));
  call.print(`The next run of "${target.recipe}" goes on from the imported position.`);
}

async function readInput(call: Call, file: string): Promise<Uint8Array> {
  if (file === "-") return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
  try {
    return await Deno.readFile(resolvePath(call.io, file));
  } catch (cause) {
    throw new UsageError("FILE_UNREADABLE", `${file} can't be read.`, {
      hint: cause instanceof Deno.errors.NotFound ? "there is no such file" : String(cause),
      cause,
    });
  }
}

function decode(bytes: Uint8Array, recipe: string, options: ImportOptions): State {
  const owner = ownerOf(bytes) ?? recipe;
  if (owner !== recipe && !options.rename) {
    throw new StateError(
      "STATE_OF_OTHER_RECIPE",
      `${options.file} holds the state of the recipe "${owner}".`,
      {
        hint: `--rename takes it for "${recipe}" all the same`,
      },
    );
  }
  const decoded = decodeState(bytes, owner);
  if (decoded.kind === "state") return decoded.state;
  const reason = decoded.kind === "too_new"
    ? `it was written by a newer version of dataloader (state version ${decoded.version})`
    : decoded.reason;
  throw new StateError("STATE_CORRUPTED", `${options.file} can't be read as a state: ${reason}.`, {
    hint: "import a file that `dataloader state export` wrote; nothing was changed",
  });
}

function ownerOf(bytes: Uint8Array): string | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value?.recipe === "string" ? value.recipe : undefined;
  } catch {
    // No JSON: decoding the state says so, and where.
    return undefined;
  }
}
