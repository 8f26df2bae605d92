import type { SandboxedRecipe } from "../../app/sandboxed.ts";
import type { ResourcePlan } from "../../plan/mod.ts";
import type { Field } from "../../sdk/mod.ts";
import { type Contract, type ContractColumn, contractJsonSchema, contractOdcs } from "../../validate/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { flattenErrors } from "../errors.ts";
import { EXIT } from "../io.ts";

export interface ContractOptions extends RecipeOptions {
  readonly format: "json-schema" | "odcs";
  readonly offline?: true;
  readonly stateDir?: string;
}

/** `contract`: what a recipe promises of its rows, for others to rely on. */
export async function printContract(call: Call, file: string, options: ContractOptions): Promise<void> {
  const prepared = await call.prepare(file, options);
  const { recipe, plan } = prepared;
  for (const resource of plan.resources) {
    const columns = await columnsOf(call, { prepared, resource, options });
    if (columns === undefined) return;
    const contract: Contract = {
      name: plan.resources.length === 1 ? recipe.name : `${recipe.name}_${resource.name}`,
      description: recipe.description,
      target: call.shorten(resource.destination.summary),
      columns,
      rules: resource.validation,
    };
    if (options.format === "json-schema") call.printJson(contractJsonSchema(contract), { indent: true });
    else {
      const { stringify } = await import("yaml");
      const document = call.redactor.json(contractOdcs(contract));
      call.printClean(stringify(document, { lineWidth: 0 }));
    }
  }
}

/** The columns that the recipe declares, and, unless it is not to be opened, those that the source has besides. */
async function columnsOf(
  call: Call,
  of: {
    prepared: SandboxedRecipe;
    resource: ResourcePlan;
    options: ContractOptions;
  },
): Promise<ContractColumn[] | undefined> {
  const { prepared, resource, options } = of;
  const { plan } = prepared;
  const declared = resource.schema?.columns ?? [];
  let fields: readonly Field[] = [];
  if (!options.offline) {
    const { inspectSandboxed } = await import("../../app/sandboxed.ts");
    const [described] = await inspectSandboxed({ ...prepared, plan: { ...plan, resources: [resource] } }, {
      stateDirectory: call.stateDirectory(options.stateDir, plan.state),
    });
    if (described?.schema === undefined) {
      call.showError(flattenErrors(described?.errors[0])[0]);
      call.note(call.err.dim("With --offline only the columns of `schema` and of rules are told."));
      call.io.exitCode = EXIT.failed;
      return undefined;
    }
    fields = described.schema.fields;
  }
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const ruled = resource.validation?.rules.flatMap(({ columns }) => columns) ?? [];
  const names = [...fields.map(({ name }) => name), ...declared.map(({ name }) => name), ...ruled]
    .filter((name, i, all) => all.findIndex((other) => same(other, name)) === i);
  return names.map((name): ContractColumn => {
    const column = declared.find((each) => same(each.name, name));
    const field = fields.find((each) => same(each.name, name));
    return {
      name,
      type: column?.type ?? field?.type ?? { kind: "string" },
      nullable: column?.nullable ?? (column?.primaryKey ? false : field?.nullable ?? true),
      primaryKey: column?.primaryKey ?? false,
      unique: column?.unique ?? false,
      description: column?.description,
    };
  });
}
