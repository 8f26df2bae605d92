import { encodeState } from "../../state/codec.ts";
import type { Call } from "../call.ts";
import { UsageError } from "../errors.ts";
import { resolvePath } from "../io.ts";
import { loadState, type StateOptions, stateTarget } from "../state_target.ts";

/** `state export`: writes the state as JSON. It is not redacted: an import must give back the same. */
export async function exportState(
  call: Call,
  recipe: string,
  options: StateOptions & { file?: string; force?: true },
): Promise<void> {
  const target = await stateTarget(call, recipe, options);
  const bytes = encodeState(await loadState(target));
  if (options.file === undefined || options.file === "-") {
    call.printClean(new TextDecoder().decode(bytes));
    return;
  }
  const path = resolvePath(call.io, options.file);
  try {
    await Deno.writeFile(path, bytes, { createNew: !options.force });
  } catch (cause) {
    const there = cause instanceof Deno.errors.AlreadyExists;
    throw new UsageError(
      there ? "FILE_EXISTS" : "FILE_UNWRITABLE",
      there ? `${options.file} is there already.` : `${options.file} can't be written.`,
      { hint: there ? "name another file, or add --force" : String(cause), cause },
    );
  }
  call.print(`Wrote the state of "${target.recipe}" to ${call.path(path)}`);
}
