/** `schema infer`: a `schema:` block from the data. */
import type { InferredSchema } from "../../engine/mod.ts";
import { toBlock } from "../../schema/mod.ts";
import { counted } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { UsageError } from "../errors.ts";
import { resolvePath } from "../io.ts";
import { replaceText, whyNoRecipe } from "../recipe_edit.ts";
import {
  blockText,
  hasSchema,
  type RecipeForm,
  recipeForm,
  whyNotWithBlock,
  withBlock,
} from "../schema_block.ts";

export interface InferOptions extends RecipeOptions {
  readonly mode: "strict" | "lenient" | "infer";
  readonly write?: true;
  readonly force?: true;
  readonly json?: true;
  readonly stateDir?: string;
}

/** Reads all rows and prints, or writes, the block that they fit. */
export async function inferBlock(call: Call, recipe: string, options: InferOptions): Promise<void> {
  const prepared = await call.prepare(recipe, options);
  const path = resolvePath(call.io, recipe);
  const form = options.write ? await writableForm(path, options) : recipeForm(path) ?? "yaml";
  const { inferSandboxed } = await import("../../app/sandboxed.ts");
  const stateDirectory = call.stateDirectory(options.stateDir, prepared.plan.state);
  const found = await inferSandboxed(prepared, { stateDirectory });
  if (options.json) {
    const shown = found.map((one) => ({
      resource: one.resource,
      rows: one.rows,
      schema: blockOf(one, options),
    }));
    call.printJson(shown.length === 1 ? shown[0] : shown, { indent: true });
    return;
  }
  if (!options.write) {
    for (const one of found) printBlock(call, one, { ...options, form, many: found.length > 1 });
    return;
  }
  const [first] = found;
  await writeBlock(call, path, { block: blockOf(first!, options), form, options });
  call.print(`${call.path(path)}: schema of ${counted(first!.columns.length, "column")} written`);
}

/** @throws {UsageError} `NOT_UPDATED`, the file as it was, where it would not be the recipe with the block. */
async function writeBlock(
  call: Call,
  path: string,
  { block, form, options }: { block: Record<string, unknown>; form: RecipeForm; options: InferOptions },
): Promise<void> {
  const before = await Deno.readTextFile(path);
  const after = withBlock(before, block, form);
  const input = await call.recipeInput(options);
  const why = whyNotWithBlock(before, after, block) ??
    await whyNoRecipe([path], new Map([[path, after]]), input);
  if (why !== undefined) {
    throw new UsageError("NOT_UPDATED", `"${call.path(path)}" was not updated: ${why.replace(/\.?$/, ".")}`, {
      hint: "leave --write out and copy the block",
    });
  }
  await replaceText(path, after);
}

function printBlock(
  call: Call,
  one: InferredSchema,
  options: InferOptions & { form: RecipeForm; many: boolean },
): void {
  const rows = `${counted(one.rows, "row")} read`;
  call.note(call.err.dim(`# ${options.many ? `${one.resource}: ` : ""}${rows}`));
  call.print(blockText(blockOf(one, options), options.form).trimEnd());
}

function blockOf(found: InferredSchema, { mode }: InferOptions): Record<string, unknown> {
  return toBlock(found.columns, mode);
}

/** @throws {UsageError} where the block can't be put into the file. */
async function writableForm(path: string, { force }: InferOptions): Promise<RecipeForm> {
  const form = recipeForm(path);
  if (form === undefined) {
    throw new UsageError("USAGE", `--write works on YAML and JSON files, and "${path}" is neither.`, {
      hint: "leave --write out and copy the block",
    });
  }
  if (!force && hasSchema(await Deno.readTextFile(path))) {
    throw new UsageError("SCHEMA_EXISTS", `"${path}" has a \`schema\` block already.`, {
      hint: "give --force to replace it, or leave --write out and compare",
    });
  }
  return form;
}
