/** `validation` as the plan has it: rules taken apart into checks, each with its place. */
import type { Recipe, RuleBlock, TableRuleBlock } from "../recipe/mod.ts";
import { findConnector, type JsonObject, RecipeError } from "../sdk/mod.ts";
import type {
  Check,
  CheckKind,
  Fate,
  ReferencePlan,
  Rule,
  TableCheck,
  TableRule,
  ValidationRules,
  ValueType,
} from "../validate/mod.ts";

type Path = readonly (string | number)[];

const BASE: Path = ["validation"];

/** @throws {RecipeError} where a rule can't be used with this recipe. */
export function planValidation(recipe: Recipe): ValidationRules | undefined {
  const block = recipe.validation;
  if (block === undefined) return undefined;
  const names = new Set<string>();
  const rules = (block.rules ?? []).map((rule, i) => {
    const planned = planRule(recipe, rule, { index: i, otherwise: block.on_error, taken: names });
    names.add(planned.name);
    return planned;
  });
  const table = (block.table ?? []).map((rule, i) => planTableRule(recipe, rule, i));
  const quarantine = block.quarantine_table !== undefined
    ? { table: block.quarantine_table }
    : block.quarantine !== undefined
    ? { path: block.quarantine }
    : undefined;
  return {
    rules,
    table,
    quarantine,
    maxBadRows: block.max_bad_rows,
    maxBadFraction: block.max_bad_fraction,
    limits: {
      location: recipe.locate([...BASE, "max_bad_rows"]),
      fractionLocation: recipe.locate([...BASE, "max_bad_fraction"]),
    },
  };
}

/** What is wrong with `validation` for this pair of connectors. */
export function checkValidation(recipe: Recipe): RecipeError[] {
  const block = recipe.validation;
  const definition = recipe.destination && findConnector(recipe.destination.type);
  if (block === undefined || definition === undefined) return [];
  const problems: RecipeError[] = [];
  if (block.quarantine_table !== undefined && definition.capabilities.quarantine !== true) {
    problems.push(
      new RecipeError(
        "UNSUPPORTED",
        `Connector "${recipe.destination!.type}" can't keep a quarantine table beside the rows.`,
        {
          hint: "use quarantine: with the path of a file",
          location: recipe.locate([...BASE, "quarantine_table"]),
          context: { key: "validation.quarantine_table" },
        },
      ),
    );
  }
  block.rules?.forEach((rule, i) => {
    try {
      if (rule.references !== undefined) planReference(recipe, rule, [...BASE, "rules", i, "references"]);
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      problems.push(error);
    }
  });
  return problems;
}

function planRule(
  recipe: Recipe,
  block: RuleBlock,
  at: { index: number; otherwise: Fate; taken: ReadonlySet<string> },
): Rule {
  const path = [...BASE, "rules", at.index];
  const columns = block.columns ?? (block.column === undefined ? [] : [block.column]);
  const stem = block.name ?? (columns.length > 0 ? columns.join("_") : `rule_${at.index + 1}`);
  const name = at.taken.has(stem) ? `${stem}_${at.index + 1}` : stem;
  const kinds = checksOf(recipe, block, path);
  const checks = kinds.map(({ key, ...check }): Check => ({
    ...check as CheckKind,
    name: kinds.length === 1 && block.name !== undefined ? name : `${name}.${key}`,
    location: recipe.locate([...path, key]),
  }));
  const severity = block.severity ?? "error";
  return {
    name,
    columns,
    checks,
    when: block.when,
    optional: block.optional ?? false,
    message: block.message,
    severity,
    fate: block.on_error ?? (severity === "error" ? at.otherwise : "warn"),
    maxBadRows: block.max_bad_rows,
    maxBadFraction: block.max_bad_fraction,
    location: recipe.locate(path),
  };
}

function checksOf(recipe: Recipe, block: RuleBlock, path: Path): (CheckKind & { key: string })[] {
  const checks: (CheckKind & { key: string })[] = [];
  const add = (key: string, check: CheckKind) => checks.push({ key, ...check });
  if (block.required) add("required", { kind: "required" });
  if (block.type !== undefined && block.type !== "enum") {
    add("type", { kind: "type", type: block.type as ValueType, format: block.format });
  }
  for (const kind of ["min", "max"] as const) {
    const value = block[kind];
    if (value !== undefined) add(kind, { kind, value: String(value) });
  }
  for (const kind of ["length", "min_length", "max_length"] as const) {
    const value = block[kind];
    if (value !== undefined) add(kind, { kind, value });
  }
  if (block.pattern !== undefined) add("pattern", { kind: "pattern", pattern: block.pattern });
  if (block.values !== undefined) {
    add("values", {
      kind: "values",
      values: block.values.map((value) => typeof value === "number" ? String(value) : value),
    });
  }
  if (block.references !== undefined) {
    add("references", {
      kind: "references",
      reference: planReference(recipe, block, [...path, "references"]),
    });
  }
  if (block.expression !== undefined) add("expression", { kind: "expression", sql: block.expression });
  if (block.function !== undefined) {
    const { module, export: name, params } = block.function;
    add("function", { kind: "function", module, export: name, params: params as JsonObject });
  }
  if (block.unique) add("unique", { kind: "unique" });
  return checks;
}

/** A table or query is read through the destination's own connector, a file as a file. */
function planReference(recipe: Recipe, rule: RuleBlock, path: Path): ReferencePlan {
  const given = rule.references!;
  const column = given.column ?? rule.column!;
  const location = recipe.locate(path);
  if (given.resource !== undefined) {
    throw new RecipeError(
      "NOT_BUILT_YET",
      "`references.resource` needs `resources`, which are not built yet.",
      {
        hint: "name the table: references: {table: customers, column: id}",
        location,
      },
    );
  }
  const connector = given.file !== undefined ? "filestore" : recipe.destination!.type;
  const definition = findConnector(connector);
  const { table: _table, query: _query, ...rest } = given.file !== undefined
    ? { path: given.file } as Record<string, unknown>
    : recipe.destination!.config as Record<string, unknown>;
  const block = {
    ...rest,
    ...(given.table === undefined ? {} : { table: given.table }),
    ...(given.query === undefined ? {} : { query: given.query }),
  };
  const parsed = definition?.config.safeParse(withoutUndefined(block));
  const problem = parsed?.success ? definition!.checkRead?.(parsed.data, {})[0] : undefined;
  if (!parsed?.success || !definition?.capabilities.read || problem !== undefined) {
    const why = problem?.message ?? (parsed?.success === false ? `${parsed.error.issues[0]!.message}.` : "");
    throw new RecipeError(
      "UNSUPPORTED",
      `The values of \`references\` can't be read through connector "${connector}". ${why}`.trim(),
      {
        hint: problem?.hint ?? "keep the values in a file: references: {file: customers.csv, column: id}",
        location,
      },
    );
  }
  const shown = given.table ?? (given.file === undefined ? "the query" : given.file.split(/[\\/]/).at(-1)!);
  return { connector, config: parsed.data, column, summary: `${shown}.${column}` };
}

function withoutUndefined(block: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(block).filter(([, value]) => value !== undefined));
}

function planTableRule(recipe: Recipe, block: TableRuleBlock, index: number): TableRule {
  const path = [...BASE, "table", index];
  const severity = block.severity ?? "error";
  const check = tableCheck(recipe, block, path);
  const column = check.kind === "row_count" ? "" : `${check.column}.`;
  return {
    name: block.name ?? `${column}${check.kind}`,
    check,
    message: block.message,
    severity,
    fate: block.on_error ?? (severity === "error" ? "fail" : "warn"),
    location: recipe.locate([...path, check.kind]),
  };
}

function tableCheck(recipe: Recipe, block: TableRuleBlock, path: Path): TableCheck {
  const bounds = ({ min, max }: { min?: string | number; max?: string | number }, key: string) => {
    for (const [name, value] of Object.entries({ min, max })) {
      if (value === undefined || Number.isFinite(Number(value))) continue;
      throw new RecipeError(
        "INVALID_VALUE",
        `\`${name}\` of \`${key}\` must be a number, but is "${value}".`,
        {
          hint: `give a number, such as ${name}: 1`,
          location: recipe.locate([...path, key, name]),
        },
      );
    }
    return {
      ...(min === undefined ? {} : { min: String(min) }),
      ...(max === undefined ? {} : { max: String(max) }),
    };
  };
  if (block.row_count !== undefined) return { kind: "row_count", ...bounds(block.row_count, "row_count") };
  if (block.sum !== undefined) return { kind: "sum", column: block.sum.column, ...bounds(block.sum, "sum") };
  if (block.avg !== undefined) return { kind: "avg", column: block.avg.column, ...bounds(block.avg, "avg") };
  if (block.completeness !== undefined) return { kind: "completeness", ...block.completeness };
  const { column, max_age: maxAge } = block.freshness!;
  const maxAgeMs = durationMs(maxAge);
  if (maxAgeMs === undefined) {
    throw new RecipeError("INVALID_VALUE", `\`max_age\` must be a length of time, but is "${maxAge}".`, {
      hint: "write 2 days, 3 hours, 30 minutes",
      location: recipe.locate([...path, "freshness", "max_age"]),
    });
  }
  return { kind: "freshness", column, maxAge, maxAgeMs };
}

const UNITS: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?$/i.exec(text.trim());
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!;
}
