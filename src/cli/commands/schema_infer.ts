/** `schema infer`: a `schema:` block from the data. */
import { parseDocument, stringify } from "yaml";
import type { InferredSchema } from "../../engine/mod.ts";
import { toBlock } from "../../schema/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { UsageError } from "../errors.ts";
import { resolvePath } from "../io.ts";

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
  if (options.write) await assertWritable(path, { force: options.force === true });
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
  const [first] = found;
  const text = blockText(blockOf(first!, options));
  if (!options.write) {
    call.note(call.err.dim(`# ${first!.rows.toLocaleString("en-US")} rows were read`));
    call.print(text.trimEnd());
    return;
  }
  await writeBlock(path, text);
  call.print(`${call.path(path)}: schema of ${first!.columns.length} columns written`);
}

function blockOf(found: InferredSchema, { mode }: InferOptions): Record<string, unknown> {
  return toBlock(found.columns, mode);
}

/** A column a line: types and flags side by side can be read. */
function blockText(block: Record<string, unknown>): string {
  const columns = (block.columns as Record<string, unknown>[]).map((column) => {
    const items = Object.entries(column).map(([key, value]) => `${key}: ${scalar(value)}`);
    return `    - { ${items.join(", ")} }`;
  });
  return ["schema:", `  mode: ${block.mode}`, "  columns:", ...columns, ""].join("\n");
}

/** A value in YAML's flow form, quoted where it must be. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const plain = /^[A-Za-z_][\w ]*$/.test(value)
    ? stringify(value, { lineWidth: 0 }).trimEnd()
    : JSON.stringify(value);
  return plain;
}

async function assertWritable(path: string, { force }: { force: boolean }): Promise<void> {
  if (!/\.ya?ml$/i.test(path)) {
    throw new UsageError("USAGE", `--write works on YAML files, and "${path}" is none.`, {
      hint: "leave --write out and copy the block",
    });
  }
  const document = parseDocument(await Deno.readTextFile(path));
  if (force || !document.has("schema")) return;
  throw new UsageError("SCHEMA_EXISTS", `"${path}" has a \`schema:\` block already.`, {
    hint: "give --force to replace it, or leave --write out and compare",
  });
}

/** Puts the block in the place of the old one, else before `destination:`; all else stays as it is written. */
async function writeBlock(path: string, block: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const places = new Map<string, { start: number; end: number }>();
  const { contents } = parseDocument(text);
  if (contents !== null && "items" in contents) {
    for (const { key, value } of contents.items as { key: Ranged; value: Ranged | null }[]) {
      const start = key.range![0];
      places.set(String(key.value), { start, end: value?.range?.[2] ?? key.range![2] });
    }
  }
  const old = places.get("schema");
  const before = places.get("destination");
  const written = old !== undefined
    ? `${text.slice(0, old.start)}${block}${text.slice(old.end)}`
    : before !== undefined
    ? `${text.slice(0, before.start)}${block}${text.slice(before.start)}`
    : `${text.trimEnd()}\n${block}`;
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  await Deno.writeTextFile(temporary, written);
  await Deno.rename(temporary, path);
}

interface Ranged {
  readonly value?: unknown;
  readonly range?: readonly [number, number, number];
}
