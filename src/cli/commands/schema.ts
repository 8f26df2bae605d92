import { type Field, formatType } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { flattenErrors, UsageError } from "../errors.ts";
import { EXIT } from "../io.ts";
import { renderTable } from "../table.ts";

export interface SchemaOptions extends RecipeOptions {
  readonly jsonSchema?: true;
  readonly json?: true;
  readonly stateDir?: string;
}

/** `schema`: the JSON Schema of recipes, or the columns of one recipe. */
export async function showSchema(
  call: Call,
  recipe: string | undefined,
  options: SchemaOptions,
): Promise<void> {
  if (options.jsonSchema) {
    if (recipe !== undefined) {
      throw new UsageError("USAGE", "--json-schema is the schema of all recipes and takes no recipe.", {
        hint: "leave the recipe out, or leave --json-schema out",
      });
    }
    await printJsonSchema(call);
    return;
  }
  if (recipe === undefined) {
    throw new UsageError("USAGE", "`schema` needs a recipe or --json-schema.", {
      hint: "try `dataloader schema orders.yaml`, or `dataloader schema --json-schema`",
    });
  }
  await printColumns(call, recipe, options);
}

async function printJsonSchema(call: Call): Promise<void> {
  const { registerBuiltins } = await import("../../builtin.ts");
  const { recipeJsonSchema } = await import("../../recipe/mod.ts");
  registerBuiltins();
  call.printClean(`${JSON.stringify(recipeJsonSchema(), null, 2)}\n`);
}

async function printColumns(call: Call, recipe: string, options: SchemaOptions): Promise<void> {
  const prepared = await call.prepare(recipe, options);
  const { plan } = prepared;
  const { inspectSandboxed } = await import("../../app/sandboxed.ts");
  const described = await inspectSandboxed(prepared, {
    stateDirectory: call.stateDirectory(options.stateDir, plan.state),
  });
  const failed = described.filter((one) => one.schema === undefined);
  for (const error of failed.flatMap((one) => one.errors)) call.showError(flattenErrors(error)[0]);
  if (failed.length > 0) call.io.exitCode = EXIT.failed;
  const known = described.flatMap(({ resource, schema }) =>
    schema === undefined ? [] : [{ resource, schema }]
  );
  if (options.json) {
    const shown = known.map(({ resource, schema }) => ({ resource, columns: schema.fields.map(columnOf) }));
    call.printJson(plan.resources.length === 1 ? shown[0]?.columns ?? [] : shown, { indent: true });
    return;
  }
  for (const { resource, schema } of known) {
    if (plan.resources.length > 1) call.print(call.out.strong(resource));
    const rows = schema.fields.map(({ name, type, nullable }) => [
      name,
      formatType(type),
      nullable ? "" : "not null",
    ]);
    const columns = [{ title: "column", min: 12 }, { title: "type", min: 12 }, { title: "" }];
    const paint = (text: string, column: number) => column === 0 ? call.out.name(text) : text;
    const table = renderTable(columns, rows, { width: call.io.stdout.columns, style: call.out, paint });
    for (const line of table.lines) call.print(line);
  }
}

function columnOf({ name, type, nullable }: Field) {
  return { name, type: formatType(type), nullable };
}
