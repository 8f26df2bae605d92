/** `schema` of a recipe as the engine takes it: defaults filled in, actions settled for each column. */
import type { Recipe, SchemaBlock } from "../recipe/mod.ts";
import type { ChangeAction, ChangeActions, ColumnPolicy, RegistryPlan, SchemaPolicy } from "../schema/mod.ts";
import { parseType } from "../sdk/mod.ts";

type Evolution = NonNullable<SchemaBlock["evolution"]>;

/** The policy of a recipe's `schema`; undefined where the recipe has none. */
export function planSchema(recipe: Recipe): SchemaPolicy | undefined {
  const block = recipe.schema;
  if (block === undefined) return undefined;
  const actions = tableActions(block);
  return {
    mode: block.mode,
    columns: (block.columns ?? []).map((column, index): ColumnPolicy => ({
      name: column.name,
      type: column.type === undefined ? undefined : parseType(column.type),
      nullable: column.nullable,
      primaryKey: column.primary_key,
      unique: column.unique,
      default: column.default === undefined || column.default === null ? undefined : String(column.default),
      description: column.description,
      renameFrom: column.rename_from,
      actions: {
        // A column that the recipe lists is wanted.
        newColumn: column.evolution?.on_new_column ?? "evolve",
        missingColumn: column.evolution?.on_missing_column ?? actions.missingColumn,
        typeChange: column.evolution?.on_type_change ?? actions.typeChange,
        nullability: column.evolution?.on_nullability_change ?? actions.nullability,
      },
      location: recipe.locate(["schema", "columns", index]),
    })),
    actions,
    location: recipe.locate(["schema"]),
  };
}

function tableActions({ mode, evolution = {} }: SchemaBlock): ChangeActions {
  const allowed = (key: keyof Evolution, otherwise: boolean): ChangeAction =>
    (evolution[key] ?? otherwise) ? "evolve" : "freeze";
  return {
    newColumn: evolution.on_new_column ?? allowed("allow_new_columns", mode !== "strict"),
    missingColumn: evolution.on_missing_column ?? allowed("allow_column_deletion", false),
    typeChange: evolution.on_type_change ?? allowed("allow_type_changes", false),
    nullability: evolution.on_nullability_change ?? "freeze",
  };
}

/** Where versions of schemas are kept. */
export function planRegistry(registry: NonNullable<SchemaBlock["registry"]>): RegistryPlan {
  const { backend, directory, database } = registry;
  return backend === "duckdb" ? { backend, database: database! } : { backend, directory };
}
