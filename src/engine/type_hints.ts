/**
 * What is known beforehand of columns whose types are found in text: the types they have at the destination, and those that
 * the recipe's rules give them. A file in which a column is empty, or holds `3` where it held `2.5` before, then loads as
 * the ones before it did.
 */
import type { ResourcePlan, StepPlan } from "../plan/mod.ts";
import {
  type Destination,
  getConnector,
  type LogicalType,
  quoteIdent,
  type Schema,
  type TableSchema,
  type TypeHints,
} from "../sdk/mod.ts";
import type { Rule, ValidationRules, ValueType } from "../validate/mod.ts";
import { type AppliedSteps, readyStep } from "../transforms/mod.ts";
import { converter } from "./converter.ts";

/** The types that a rule of `type` gives to a text which passes it. The others say less than a type of column does. */
const RULE_TYPES: Partial<Record<ValueType, LogicalType>> = {
  integer: { kind: "integer", bits: 64 },
  float: { kind: "float", bits: 64 },
  boolean: { kind: "boolean" },
  date: { kind: "date" },
  time: { kind: "time" },
};

/** The table that is there; where the destination can't tell, what was loaded last. */
export async function tableBefore(
  destination: Destination | undefined,
  last: () => Promise<Schema | undefined>,
): Promise<TableSchema | undefined> {
  if (destination?.table !== undefined) return await destination.table();
  const schema = await last();
  return schema && { columns: schema.fields };
}

/** The hints for reading a resource; undefined where its source finds no types. `table` tells the columns at the destination. */
export async function typeHints(
  resource: ResourcePlan,
  of: { readonly table: () => Promise<TableSchema | undefined>; readonly replaces: boolean },
): Promise<TypeHints | undefined> {
  if (!findsTypes(resource)) return undefined;
  const table = await of.table();
  const there = new Map((table?.columns ?? []).map(({ name, type }) => [name.toLowerCase(), type]));
  const destination = beforeSteps(there, resource.steps);
  const text = beforeSteps(ruledTypes(resource), resource.steps, expressionsOf(resource));
  // The cursor is compared as what its values look like, and never as text because of where it goes: 10 would come before 9.
  const cursor = resource.source.incremental?.cursorColumn?.toLowerCase() ?? "";
  text.delete(cursor);
  if (destination.get(cursor)?.kind === "string") destination.delete(cursor);
  return {
    destination,
    text: new Set(text.keys()),
    replaced: of.replaces,
    firm: resource.schema === undefined,
  };
}

/** A text that comes from where columns have types is one: what a rule says of it changes nothing of the column. */
function findsTypes({ source }: ResourcePlan): boolean {
  return getConnector(source.connector).findsTypes?.(source.config) === true;
}

/** The columns of text that rules of `type` keep to one, with that type. By name after the steps, in lower case. */
function ruledTypes(resource: ResourcePlan): Map<string, LogicalType> {
  if (!findsTypes(resource)) return new Map();
  const rules = (resource.validation?.rules ?? []).filter(({ fate, when }) =>
    fate !== "warn" && when === undefined
  );
  // The position of a read is compared as what the column is, which must be the same in every run.
  const kept = new Set([resource.source.incremental?.cursorColumn?.toLowerCase()]);
  // So are values that may come once: 7 and 007 are one number and two texts.
  for (const { checks, columns } of resource.validation?.rules ?? []) {
    if (checks.some(({ kind }) => kind === "unique")) columns.forEach((name) => kept.add(name.toLowerCase()));
  }
  return new Map(rules.flatMap((rule) => {
    const type = typeOf(rule);
    const names = rule.columns.map((name) => name.toLowerCase()).filter((name) => !kept.has(name));
    return type === undefined ? [] : names.map((name) => [name, type] as const);
  }));
}

function typeOf({ checks }: Rule): LogicalType | undefined {
  const check = checks.find(({ kind }) => kind === "type");
  return check?.kind === "type" && check.format === undefined ? RULE_TYPES[check.type] : undefined;
}

/**
 * The same by the names that columns have before the steps, as far as those let a column be. A column that one of the
 * `expressions` mentions is left out: it reckons with the type that is found.
 */
function beforeSteps(
  after: ReadonlyMap<string, LogicalType>,
  steps: readonly StepPlan[],
  expressions: readonly string[] = [],
): Map<string, LogicalType> {
  const mentioned = expressions.join("\n").toLowerCase();
  const ready = steps.toReversed().map(readyStep);
  const before = new Map<string, LogicalType>();
  for (const [name, type] of after) {
    const origin = ready.reduce<string | undefined>(
      (name, { definition, config }) => name === undefined ? undefined : definition.origin?.(name, config),
      name,
    )?.toLowerCase();
    const isMentioned = [name, origin ?? name].some((name) => mentioned.includes(name));
    if (origin !== undefined && !isMentioned) before.set(origin, type);
  }
  return before;
}

/** The SQL of the recipe that reckons with columns; of functions the columns of all rules, for they are given the row. */
function expressionsOf({ steps, validation }: ResourcePlan): string[] {
  const rules = validation?.rules ?? [];
  const hasFunction = rules.some(({ checks }) => checks.some(({ kind }) => kind === "function"));
  return [
    ...steps.map(readyStep).flatMap(({ definition, config }) => definition.expressions?.(config) ?? []),
    ...rules.flatMap(({ when, checks, columns }) => [
      when ?? "",
      ...checks.flatMap((check) => check.kind === "expression" ? [check.sql] : []),
      ...(hasFunction ? columns : []),
    ]),
  ];
}

/** The rules; those of type whose columns become of it ask for no less than that. */
export function rulesOf(resource: ResourcePlan): ValidationRules | undefined {
  const { validation } = resource;
  if (validation === undefined) return undefined;
  const ruled = ruledTypes(resource);
  const rules = validation.rules.map((rule): Rule =>
    typeOf(rule) !== undefined && rule.columns.every((name) => ruled.has(name.toLowerCase()))
      ? {
        ...rule,
        checks: rule.checks.map((check) =>
          check.kind === "type" ? { ...check, unfit: unfitFor(typeOf(rule)!) } : check
        ),
      }
      : rule
  );
  return { ...validation, rules };
}

/** The test that a text can't be made a value of a type as `typedByRules` makes it. */
function unfitFor(type: LogicalType): ((text: string) => string) | undefined {
  return converter({ kind: "string" }, type, { lossy: false })?.unfit;
}

/** The columns that rows have once they have passed their rules. */
export function schemaByRules(schema: Schema, resource: ResourcePlan): Schema {
  const ruled = ruledTypes(resource);
  return {
    fields: schema.fields.map((field) => {
      const type = field.type.kind === "string" ? ruled.get(field.name.toLowerCase()) : undefined;
      return type === undefined ? field : { ...field, type };
    }),
  };
}

/** Rows that have passed their rules, with the types that rules give to columns of text. */
export async function typedByRules(applied: AppliedSteps, resource: ResourcePlan): Promise<AppliedSteps> {
  const { batch } = applied;
  const ruled = ruledTypes(resource);
  const casts = batch.schema.fields.flatMap(({ name, type }) => {
    const to = type.kind === "string" ? ruled.get(name.toLowerCase()) : undefined;
    const conversion = to && converter(type, to, { lossy: false });
    const column = quoteIdent(name);
    return conversion === undefined ? [] : [`${conversion.strict(column)} AS ${column}`];
  });
  if (casts.length === 0) return applied;
  const sql = `SELECT * REPLACE (${casts.join(", ")}) FROM (${batch.sql})`;
  return { ...applied, batch: await batch.session.relation(sql, batch.metadata) };
}
