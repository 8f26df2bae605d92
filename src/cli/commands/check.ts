import { EXIT } from "../io.ts";
import type { Call, RecipeOptions } from "../call.ts";

/** `check`: proves that both ends of a recipe can be reached. */
export async function checkEnds(
  call: Call,
  recipe: string,
  options: RecipeOptions & { json?: true },
): Promise<void> {
  const prepared = await call.prepare(recipe, options);
  const { plan } = prepared;
  const { checkSandboxed } = await import("../../app/sandboxed.ts");
  const results = await checkSandboxed(prepared, {
    stateDirectory: call.stateDirectory(undefined, plan.state),
  });
  if (results.some((result) => result.error !== undefined)) call.io.exitCode = EXIT.failed;
  if (options.json) {
    const shown = results.map(({ error, ...result }) => ({
      ...result,
      summary: call.shorten(result.summary),
      ok: error === undefined,
      ...(error === undefined ? {} : { error: call.errorsToJson(error)[0] }),
    }));
    call.printJson(shown, { indent: true });
    return;
  }
  const { out } = call;
  const many = plan.resources.length > 1;
  for (const { resource, end, summary, proved, error } of results) {
    const mark = error === undefined ? out.success("ok    ") : out.error("failed");
    const what = `${many ? `${resource} ` : ""}${end}`;
    call.print(`${mark}  ${out.strong(what)}  ${call.shorten(summary)}`);
    for (const line of proved) call.print(`        ${out.dim(call.shorten(line))}`);
    if (error !== undefined) call.showError(error);
  }
}
