/**
 * A contract as a document of the Open Data Contract Standard, v3.1.0:
 * https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
 */
import { engineType, type Json, type JsonObject, type LogicalType } from "../../sdk/mod.ts";
import { anyBroken } from "../split.ts";
import { compileChecks, describeCheck } from "../checks.ts";
import { type NumberedCheck, numberedChecks, type TableRule } from "../rules.ts";
import { type Contract, type ContractColumn, exactNumber, hardChecks } from "./contract.ts";

/** Rules with words of the standard are told in them; the others are queries that count the rows that break them. */
export function contractOdcs(contract: Contract): JsonObject {
  const checks = numberedChecks(contract.rules?.rules ?? []);
  const ofColumn = (name: string) =>
    checks.filter(({ rule }) =>
      rule.columns.length === 1 && rule.columns[0]!.toLowerCase() === name.toLowerCase()
    );
  const known = new Set(contract.columns.flatMap(({ name }) => ofColumn(name)));
  const quality = [
    ...checks.filter((check) => !known.has(check)).map((check) => qualityOf(check, contract)),
    ...(contract.rules?.table ?? []).map(tableQuality),
  ];
  return {
    apiVersion: "v3.1.0",
    kind: "DataContract",
    id: contract.name,
    name: contract.name,
    version: "1.0.0",
    status: "active",
    ...(contract.description === undefined ? {} : { description: { purpose: contract.description } }),
    schema: [{
      name: contract.name,
      physicalName: contract.target,
      logicalType: "object",
      properties: contract.columns.map((column) =>
        property(column, { contract, checks: ofColumn(column.name) })
      ),
      ...(quality.length === 0 ? {} : { quality }),
    }],
  };
}

function property(
  column: ContractColumn,
  { contract, checks }: { contract: Contract; checks: readonly NumberedCheck[] },
): JsonObject {
  const hard = hardChecks(contract, column.name).map(({ check }) => check);
  const options: JsonObject = {};
  for (const check of hard) {
    if (column.type.kind === "string") {
      if (check.kind === "pattern") options.pattern = check.pattern;
      if (check.kind === "min_length" || check.kind === "length") options.minLength = check.value;
      if (check.kind === "max_length" || check.kind === "length") options.maxLength = check.value;
      const format = check.kind === "type"
        ? { email: "email", url: "uri", uuid: "uuid" }[check.type as "email"]
        : undefined;
      if (format !== undefined) options.format = format;
    }
    if (
      (check.kind === "min" || check.kind === "max") &&
      ["integer", "float", "decimal"].includes(column.type.kind)
    ) {
      const value = exactNumber(check.value);
      if (value !== undefined) options[check.kind === "min" ? "minimum" : "maximum"] = value;
    }
  }
  const quality = checks.map((check) => qualityOf(check, contract));
  return {
    name: column.name,
    logicalType: logicalType(column.type),
    physicalType: engineType(column.type),
    ...(column.description === undefined ? {} : { description: column.description }),
    ...(column.primaryKey ? { primaryKey: true } : {}),
    required: !column.nullable || hard.some(({ kind }) => kind === "required"),
    ...(column.unique || hard.some(({ kind }) => kind === "unique") ? { unique: true } : {}),
    ...(Object.keys(options).length === 0 ? {} : { logicalTypeOptions: options }),
    ...(column.type.kind === "array" ? { items: { logicalType: logicalType(column.type.items) } } : {}),
    ...(quality.length === 0 ? {} : { quality }),
  };
}

function logicalType(type: LogicalType): string {
  switch (type.kind) {
    case "integer":
    case "boolean":
    case "date":
    case "time":
    case "array":
      return type.kind;
    case "float":
    case "decimal":
      return "number";
    case "datetime":
      return "timestamp";
    case "struct":
    case "json":
      return "object";
    default:
      return "string";
  }
}

function qualityOf(numbered: NumberedCheck, contract: Contract): JsonObject {
  const { rule, check } = numbered;
  const limit: JsonObject = rule.maxBadRows === undefined || rule.fate !== "warn"
    ? { mustBe: 0 }
    : { mustBeLessOrEqualTo: rule.maxBadRows };
  const about = {
    name: check.name,
    description: rule.message ??
      `${rule.columns.join(", ") || "The row"} ${describeCheck(check, rule)}: on_error ${rule.fate}`,
    severity: rule.severity,
    ...(rule.when === undefined ? {} : { customProperties: [{ property: "when", value: rule.when }] }),
  };
  const library = (metric: string, dimension: string, args?: JsonObject): JsonObject => ({
    type: "library",
    metric,
    dimension,
    ...(args === undefined ? {} : { arguments: args }),
    ...limit,
    ...about,
  });
  switch (check.kind) {
    case "required":
      return library("nullValues", "completeness");
    case "unique":
      return library(
        "duplicateValues",
        "uniqueness",
        rule.columns.length > 1 ? { properties: [...rule.columns] } : undefined,
      );
    case "values":
      return library("invalidValues", "conformity", { validValues: check.values as Json });
    case "pattern":
      return library("invalidValues", "conformity", { pattern: check.pattern });
    case "function":
    case "references":
      return {
        type: "custom",
        engine: "dataloader",
        implementation: check.kind === "function"
          ? `function ${check.export}`
          : `references ${check.reference.summary}`,
        dimension: "consistency",
        ...about,
      };
    default:
      return {
        type: "sql",
        query: countQuery(numbered, contract),
        dimension: "conformity",
        ...limit,
        ...about,
      };
  }
}

/** Counts the rows that break a check, in the SQL of the embedded engine. */
function countQuery(numbered: NumberedCheck, contract: Contract): string {
  const fields = contract.columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const { checks } = compileChecks({ schema: { fields }, checks: [numbered], extra: () => "NULL" });
  return `SELECT COUNT(*) FROM \${table} WHERE ${anyBroken(checks)}`;
}

function tableQuality(rule: TableRule): JsonObject {
  const { check } = rule;
  const about = {
    name: rule.name,
    severity: rule.severity,
    ...(rule.message === undefined ? {} : { description: rule.message }),
  };
  const column = check.kind === "row_count" ? "" : `"${check.column.replaceAll('"', '""')}"`;
  switch (check.kind) {
    case "row_count":
      return {
        type: "library",
        metric: "rowCount",
        unit: "rows",
        dimension: "coverage",
        ...bounds(check),
        ...about,
      };
    case "sum":
    case "avg":
      return {
        type: "sql",
        query: `SELECT ${check.kind.toUpperCase()}(${column}) FROM \${table}`,
        dimension: "accuracy",
        ...bounds(check),
        ...about,
      };
    case "completeness":
      return {
        type: "sql",
        query: `SELECT COUNT(${column}) * 1.0 / COUNT(*) FROM \${table}`,
        dimension: "completeness",
        mustBeGreaterOrEqualTo: check.min,
        ...about,
      };
    case "freshness":
      return {
        type: "sql",
        query: `SELECT EXTRACT(EPOCH FROM (NOW() - MAX(${column}))) FROM \${table}`,
        unit: "seconds",
        dimension: "timeliness",
        mustBeLessOrEqualTo: check.maxAgeMs / 1000,
        ...about,
      };
  }
}

function bounds({ min, max }: { min?: string; max?: string }): JsonObject {
  if (min !== undefined && max !== undefined) {
    return min === max ? { mustBe: Number(min) } : { mustBeBetween: [Number(min), Number(max)] };
  }
  return min !== undefined ? { mustBeGreaterOrEqualTo: Number(min) } : { mustBeLessOrEqualTo: Number(max) };
}
