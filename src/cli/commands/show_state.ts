import { isJsonObject, type Json, type State } from "../../sdk/mod.ts";
import type { Call } from "../call.ts";
import { loadState, positionLines, type StateOptions, stateTarget } from "../state_target.ts";

const LABEL = 14;

/** `show-state`. */
export async function showState(
  call: Call,
  recipe: string,
  options: StateOptions & { json?: true },
): Promise<void> {
  const target = await stateTarget(call, recipe, options);
  const state = await loadState(target);
  if (options.json) {
    call.printJson(state, { indent: true });
    return;
  }
  const { out } = call;
  call.print(`${out.strong(state.recipe)}  ${out.dim(target.place)}`);
  for (const [label, lines] of sections(state)) {
    lines.forEach((line, i) => call.print(`  ${out.strong((i === 0 ? label : "").padEnd(LABEL))}${line}`));
  }
}

function sections(state: State): [string, string[]][] {
  const cursors = positionLines(state.cursor_values);
  const watermarks = positionLines(state.watermarks);
  const files = filesIn(state.metadata);
  const { in_flight } = state;
  const sections: [string, string[]][] = [
    ["cursor", cursors],
    ["watermark", watermarks],
    ["files", files === undefined ? [] : [`${files.toLocaleString("en-US")} loaded`]],
    [
      "checkpoints",
      state.checkpoints.length === 0 ? [] : [`${state.checkpoints.length} of an unfinished run`],
    ],
    ["unfinished", in_flight === null ? [] : [`run ${in_flight.run_id}, began ${in_flight.started_at}`]],
  ];
  if (cursors.length + watermarks.length === 0 && files === undefined) {
    sections.unshift(["position", ["none: the next run reads everything"]]);
  }
  const by = state.origin === "user"
    ? "set by hand; the next run believes it over the destination"
    : "by a run";
  return [
    ...sections,
    ["saved", [`${state.updated_at}, ${by}`]],
    ["revision", [`${state.revision}, ${state.sequence.toLocaleString("en-US")} commits`]],
  ];
}

/** How many files the source remembers, where it keeps `files`. */
function filesIn(metadata: State["metadata"]): number | undefined {
  const files: Json | undefined = metadata.files ?? metadata.files_seen;
  if (Array.isArray(files)) return files.length;
  return isJsonObject(files) ? Object.keys(files).length : undefined;
}
