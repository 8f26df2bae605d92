/** Rules as SQL: for each check a condition that is true where a row breaks it, else false or NULL. Pure. */
import {
  type Field,
  type LogicalType,
  nearest,
  quoteIdent,
  quoteLiteral,
  RecipeError,
  type Schema,
} from "../sdk/mod.ts";
import type { Check, NumberedCheck, Rule } from "./rules.ts";
import { BOOLEAN_WORDS, FORMS } from "./text_forms.ts";

/** A check over rows of a known schema. */
export interface CompiledCheck extends NumberedCheck {
  /** True where the row breaks it, else false or NULL. Undefined where no row of this schema can. */
  readonly broken?: string;
  /** The value at fault as text; `NULL` for expressions, what it says for functions. */
  readonly value: string;
  /** What is wrong, for people: `is no email`. */
  readonly what: string;
}

/** A constant that the engine must be able to read, or the rule is wrong. */
export interface Constant {
  /** SQL that is NULL where it can't. */
  readonly sql: string;
  readonly rule: Rule;
  readonly check: Check;
  readonly message: string;
}

/** Columns that are computed beside those of the row, for checks that look further than the row; by the check's index. */
export type ExtraColumn = (index: number) => string;

export interface CompileInput {
  readonly schema: Schema;
  readonly checks: readonly NumberedCheck[];
  readonly extra: ExtraColumn;
}

export interface Compiled {
  readonly checks: readonly CompiledCheck[];
  readonly constants: readonly Constant[];
}

/** @throws {RecipeError} `RULE_COLUMN_MISSING`, `RULE_INVALID` with the place of the rule. */
export function compileChecks(input: CompileInput): Compiled {
  const constants: Constant[] = [];
  const checks = input.checks.map((numbered): CompiledCheck => {
    const { rule, check, index } = numbered;
    const fields = fieldsOf(rule, input.schema);
    const broken = conditionOf(check, { rule, fields, extra: input.extra(index), constants });
    const when = rule.when === undefined ? undefined : `(${rule.when}\n)`;
    const [field] = fields;
    return {
      ...numbered,
      broken: broken === undefined ? undefined : when === undefined ? broken : `(${when} AND ${broken})`,
      value: check.kind === "function"
        ? input.extra(index)
        : fields.length > 1
        ? `concat_ws(', ', ${fields.map((each) => each === undefined ? "''" : textOf(each)).join(", ")})`
        : field === undefined
        ? "NULL"
        : textOf(field),
      what: rule.message ?? describeCheck(check, rule),
    };
  });
  return { checks, constants };
}

/** The columns of a rule; undefined where one may be missing and is. */
function fieldsOf(rule: Rule, schema: Schema): (Field | undefined)[] {
  return rule.columns.map((name) => {
    const field = schema.fields.find((each) => each.name === name) ??
      schema.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (field !== undefined || rule.optional) return field;
    const names = schema.fields.map((each) => each.name);
    const near = nearest(name, names);
    throw new RecipeError(
      "RULE_COLUMN_MISSING",
      `The rule "${rule.name}" is about the column "${name}", which the rows do not have.`,
      {
        hint: near !== undefined
          ? `did you mean "${near}"?`
          : `they have: ${names.slice(0, 20).join(", ")}; optional: true lets the column be missing`,
        location: rule.location,
        context: { rule: rule.name, column: name },
      },
    );
  });
}

/** A column's value as text, as people see it. */
export function textOf({ name, type }: Field): string {
  const column = quoteIdent(name);
  if (type.kind === "string") return column;
  return `CAST(${
    type.kind === "array" || type.kind === "struct" ? `to_json(${column})` : column
  } AS VARCHAR)`;
}

interface CheckInput {
  readonly rule: Rule;
  readonly fields: readonly (Field | undefined)[];
  readonly extra: string;
  readonly constants: Constant[];
}

function conditionOf(check: Check, input: CheckInput): string | undefined {
  const { rule, fields, extra } = input;
  switch (check.kind) {
    case "expression":
      return `NOT (${check.sql}\n)`;
    case "function":
      return `(${extra} IS NOT NULL)`;
    case "unique":
      return fields.includes(undefined) ? undefined : extra;
    default: {
      const [field] = fields;
      if (field === undefined) return check.kind === "required" ? "true" : undefined;
      const column = quoteIdent(field.name);
      if (check.kind === "required") return `(${column} IS NULL)`;
      const broken = valueCondition(check, { ...input, rule, field });
      return broken === undefined ? undefined : `(${broken})`;
    }
  }
}

/** True where a value breaks the check; NULL comes out as NULL or false. */
function valueCondition(check: Check, input: CheckInput & { field: Field }): string | undefined {
  const { field, extra } = input;
  const column = quoteIdent(field.name);
  const text = textOf(field);
  switch (check.kind) {
    case "type": {
      const broken = typeOrFit(check, field);
      return broken === "always" ? `${column} IS NOT NULL` : broken;
    }
    case "min":
    case "max":
      return boundCondition(check, input);
    case "length":
    case "min_length":
    case "max_length": {
      const operator = { length: "<>", min_length: "<", max_length: ">" }[check.kind];
      const length = field.type.kind === "array" ? `len(${column})` : `length(${text})`;
      return `${length} ${operator} ${check.value}`;
    }
    case "pattern":
      return `NOT regexp_matches(${text}, ${quoteLiteral(check.pattern)})`;
    case "values":
      return valuesCondition(check.values, field);
    case "references":
      return `NOT ${extra}`;
    default:
      return undefined;
  }
}

function valuesCondition(
  values: readonly (string | boolean | null)[],
  field: Field,
): string | undefined {
  const given = values.filter((value) => value !== null).map(String);
  const flags = given.filter((value) => /^(true|false)$/i.test(value));
  if (field.type.kind === "boolean" && given.length > 0 && flags.length === given.length) {
    const all = ["true", "false"].every((word) => flags.some((flag) => flag.toLowerCase() === word));
    return all ? undefined : `${quoteIdent(field.name)} <> ${flags[0]}`;
  }
  if (given.length === 0) return `${quoteIdent(field.name)} IS NOT NULL`;
  const numeric = isNumeric(field.type) && given.every((value) => NUMBER.test(value));
  const left = numeric ? quoteIdent(field.name) : textOf(field);
  return `${left} NOT IN (${given.map((value) => numeric ? value : quoteLiteral(value)).join(", ")})`;
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function isNumeric({ kind }: LogicalType): boolean {
  return kind === "integer" || kind === "decimal" || kind === "float";
}

function boundCondition(
  check: Check & { kind: "min" | "max" },
  input: CheckInput & { field: Field },
): string {
  const { field, rule, constants } = input;
  const column = quoteIdent(field.name);
  const operator = check.kind === "min" ? "<" : ">";
  const type = rule.checks.find((each) => each.kind === "type");
  const number = NUMBER.test(check.value);
  const asked = type?.kind === "type" ? type.type : undefined;
  if (isNumeric(field.type)) {
    if (number) return `${column} ${operator} ${check.value}`;
    throw invalid(
      rule,
      check,
      `\`${check.kind}\` is "${check.value}", and the column "${field.name}" holds numbers`,
    );
  }
  const bound = (engine: string) => {
    if (/^(today|now)$/i.test(check.value)) {
      const now = engine === "DATE"
        ? "current_date"
        : engine === "TIMESTAMPTZ"
        ? "now()"
        : "CAST(now() AS TIMESTAMP)";
      return /^today$/i.test(check.value) ? `CAST(current_date AS ${engine})` : now;
    }
    const message = `\`${check.kind}\` is "${check.value}", which is no ${engine.toLowerCase()}`;
    constants.push({ sql: `TRY_CAST(${quoteLiteral(check.value)} AS ${engine})`, rule, check, message });
    return `CAST(${quoteLiteral(check.value)} AS ${engine})`;
  };
  switch (field.type.kind) {
    case "date":
      if (/^(today|\d{4}-\d{2}-\d{2})$/i.test(check.value)) return `${column} ${operator} ${bound("DATE")}`;
      // A bound with a time of day is one within the day.
      return `CAST(${column} AS TIMESTAMP) ${operator} ${bound("TIMESTAMP")}`;
    case "datetime":
      return `${column} ${operator} ${bound(field.type.tz ? "TIMESTAMPTZ" : "TIMESTAMP")}`;
    case "time":
      return `${column} ${operator} ${bound("TIME")}`;
    case "string": {
      // What is not of its type breaks that check, and not this one as well.
      const unlessTyped = (parsed: string) =>
        asked === undefined ? `(${parsed} IS NULL OR ${parsed}` : `(${parsed}`;
      if (asked === "date" || asked === "datetime") {
        return `${dateOf(column, type as Check & { kind: "type" })} ${operator} ${bound("TIMESTAMP")}`;
      }
      if (asked === "time") return `TRY_CAST(${column} AS TIME) ${operator} ${bound("TIME")}`;
      if (!number) return `${column} ${operator} ${quoteLiteral(check.value)}`;
      const parsed = `TRY_CAST(${column} AS DOUBLE)`;
      return `${column} IS NOT NULL AND ${unlessTyped(parsed)} ${operator} ${check.value})`;
    }
    default:
      throw invalid(
        rule,
        check,
        `\`${check.kind}\` can't be held against the column "${field.name}" of type ${field.type.kind}`,
      );
  }
}

function dateOf(column: string, { format }: { format?: string }): string {
  return format === undefined
    ? `TRY_CAST(${column} AS TIMESTAMP)`
    : `try_strptime(${column}, ${quoteLiteral(format)})`;
}

/** The same, and for a text that is to become a value of the type, whether it can. */
function typeOrFit(check: Check & { kind: "type" }, field: Field): string | "always" | undefined {
  const condition = typeCondition(check, field);
  if (check.unfit === undefined || condition === "always" || field.type.kind !== "string") return condition;
  const unfit = check.unfit(quoteIdent(field.name));
  return condition === undefined ? unfit : `(${condition} OR ${unfit})`;
}

/** Undefined: every value is of the type. `always`: none is. */
function typeCondition(check: Check & { kind: "type" }, field: Field): string | "always" | undefined {
  const { kind } = field.type;
  const column = quoteIdent(field.name);
  const isText = kind === "string" || kind === "json";
  const text = kind === "json" ? `(${column} ->> '$')` : column;
  const form = (name: keyof typeof FORMS, value = text) =>
    `NOT regexp_full_match(${value}, ${quoteLiteral(FORMS[name])})`;
  switch (check.type) {
    case "string":
    case "enum":
      return undefined;
    case "integer":
      if (kind === "integer") return undefined;
      if (kind === "decimal") return `${column} <> trunc(${column})`;
      if (kind === "float") return `(NOT isfinite(${column}) OR ${column} <> trunc(${column}))`;
      return isText ? form("integer") : "always";
    case "float":
    case "number":
    case "decimal":
      if (kind === "integer" || kind === "decimal" || (kind === "float" && check.type === "float")) {
        return undefined;
      }
      if (kind === "float") return `NOT isfinite(${column})`;
      return isText ? form("number") : "always";
    case "boolean":
      if (kind === "boolean") return undefined;
      if (kind === "integer") return `${column} NOT IN (0, 1)`;
      return isText ? `lower(${text}) NOT IN (${BOOLEAN_WORDS.map(quoteLiteral).join(", ")})` : "always";
    case "date":
      if (kind === "date") return undefined;
      if (kind === "datetime") return `${column} <> date_trunc('day', ${column})`;
      if (!isText) return "always";
      return check.format === undefined
        ? `(${text} IS NOT NULL AND (${form("date")} OR TRY_CAST(${text} AS DATE) IS NULL))`
        : unparsed(text, check.format);
    case "datetime":
      if (kind === "date" || kind === "datetime") return undefined;
      if (!isText) return "always";
      return check.format === undefined
        ? `(${text} IS NOT NULL AND TRY_CAST(${text} AS TIMESTAMPTZ) IS NULL)`
        : unparsed(text, check.format);
    case "time":
      if (kind === "time") return undefined;
      if (!isText) return "always";
      return check.format === undefined
        ? `(${text} IS NOT NULL AND TRY_CAST(${text} AS TIME) IS NULL)`
        : unparsed(text, check.format);
    case "uuid":
      return kind === "uuid" ? undefined : isText ? form("uuid") : "always";
    case "email":
      return isText ? `(length(${text}) > 254 OR ${form("email")})` : "always";
    case "phone": {
      const value = kind === "integer" ? textOf(field) : text;
      if (!isText && kind !== "integer") return "always";
      const digits = `length(regexp_replace(${value}, '[^0-9]', '', 'g'))`;
      return `(${digits} NOT BETWEEN 7 AND 15 OR ${form("phone", value)})`;
    }
    case "url":
    case "ip":
      return isText ? form(check.type) : "always";
    case "json":
      if (kind === "string") return `NOT json_valid(${column})`;
      return kind === "json" || kind === "struct" || kind === "array" ? undefined : "always";
  }
}

function unparsed(text: string, format: string): string {
  return `(${text} IS NOT NULL AND try_strptime(${text}, ${quoteLiteral(format)}) IS NULL)`;
}

function invalid(rule: Rule, check: Check, message: string): RecipeError {
  return new RecipeError("RULE_INVALID", `The rule "${rule.name}" can't be used: ${message}.`, {
    hint: "give a bound of the column's type, or add a type to the rule",
    location: check.location ?? rule.location,
    context: { rule: rule.name, check: check.kind },
  });
}

/** What is wrong with a row that breaks a check, after the column's name. */
export function describeCheck(check: Check, rule: Rule): string {
  switch (check.kind) {
    case "required":
      return "is missing";
    case "type":
      return `is no ${check.type}${check.format === undefined ? "" : ` as ${check.format} writes it`}`;
    case "min":
      return `is less than ${check.value}`;
    case "max":
      return `is more than ${check.value}`;
    case "length":
      return `is not ${check.value} long`;
    case "min_length":
      return `is shorter than ${check.value}`;
    case "max_length":
      return `is longer than ${check.value}`;
    case "pattern":
      return `does not match ${check.pattern}`;
    case "values":
      return `is none of ${check.values.slice(0, 10).map(String).join(", ")}${
        check.values.length > 10 ? ", …" : ""
      }`;
    case "unique":
      return rule.columns.length > 1 ? "occur together more than once" : "occurs more than once";
    case "references":
      return `is not in ${check.reference.summary}`;
    case "expression":
      return `does not fulfil ${check.sql.replace(/\s+/g, " ").trim()}`;
    case "function":
      return `is refused by ${check.export} of ${check.module.split(/[\\/]/).at(-1)}`;
  }
}
