import { join } from "node:path";
import type { Call } from "../call.ts";
import { UsageError } from "../errors.ts";
import { resolvePath } from "../io.ts";
import { scaffoldFiles } from "../scaffold.ts";

/** `init`: writes a project that runs at once. Files that are there are kept, unless `--force`. */
export async function initProject(call: Call, dir: string, options: { force?: true }): Promise<void> {
  const { registerBuiltins } = await import("../../builtin.ts");
  const { recipeJsonSchema } = await import("../../recipe/mod.ts");
  registerBuiltins();
  const root = resolvePath(call.io, dir);
  const files = scaffoldFiles(JSON.stringify(recipeJsonSchema(), null, 2));
  const { out } = call;
  for (const { path, text } of files) {
    const written = await write(join(root, path), text, options.force ?? false);
    const shown = call.path(join(root, path));
    call.print(
      written
        ? `${out.success("wrote")}  ${shown}`
        : `${out.dim("kept ")}  ${shown} ${out.dim("(is there)")}`,
    );
  }
  const steps = [
    ...(root === call.io.cwd ? [] : [`cd ${call.path(root)}`]),
    "dataloader preview recipes/hello.yaml",
    "dataloader run recipes/hello.yaml",
  ];
  call.print(`\n${out.strong("Next:")}`);
  for (const step of steps) call.print(`  ${out.code(step)}`);
}

/** False where the file is there already and stays. */
async function write(path: string, text: string, force: boolean): Promise<boolean> {
  try {
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text, { createNew: !force });
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists && !force && await isFile(path)) return false;
    throw new UsageError("FILE_UNWRITABLE", `${path} can't be written.`, {
      hint: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Part of the path is a file, not a directory.
    return false;
  }
}
