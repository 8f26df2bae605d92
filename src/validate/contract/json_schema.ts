/** A contract as the JSON Schema (draft 2020-12) of a row. */
import { formatType, type JsonObject, type LogicalType } from "../../sdk/mod.ts";
import { describeCheck } from "../checks.ts";
import type { Check } from "../rules.ts";
import { type Contract, type ContractColumn, exactNumber, hardChecks } from "./contract.ts";

/**
 * Describes a row as JSON has it: decimals may be numbers or text, dates and times are text. What JSON Schema has no word for
 * stands under `x-dataloader-rules`.
 */
export function contractJsonSchema(contract: Contract): JsonObject {
  const properties = Object.fromEntries(
    contract.columns.map((column) => [column.name, columnSchema(column, contract)]),
  );
  const required = contract.columns.filter((column) => !nullable(column, contract)).map(({ name }) => name);
  const other = (contract.rules?.rules ?? []).flatMap((rule) =>
    rule.checks.filter((check) => !said(check) || rule.when !== undefined || rule.fate === "warn").map((
      check,
    ) => ({
      name: check.name,
      what: rule.message ?? describeCheck(check, rule),
      ...(rule.columns.length === 0 ? {} : { columns: [...rule.columns] }),
      ...(check.kind === "expression" ? { expression: check.sql } : {}),
      ...(rule.when === undefined ? {} : { when: rule.when }),
      on_error: rule.fate,
    }))
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: contract.name,
    ...(contract.description === undefined ? {} : { description: contract.description }),
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(other.length === 0 ? {} : { "x-dataloader-rules": other }),
  };
}

/** Whether JSON Schema has words for a check. */
function said({ kind }: Check): boolean {
  return !["unique", "references", "expression", "function"].includes(kind);
}

function nullable(column: ContractColumn, contract: Contract): boolean {
  return column.nullable && !hardChecks(contract, column.name).some(({ check }) => check.kind === "required");
}

function columnSchema(column: ContractColumn, contract: Contract): JsonObject {
  const schema: JsonObject = typeSchema(column.type);
  if (column.description !== undefined) schema.description = column.description;
  for (const { check } of hardChecks(contract, column.name)) {
    Object.assign(schema, checkSchema(check, column.type));
  }
  if (nullable(column, contract)) {
    if (typeof schema.type === "string") schema.type = [schema.type, "null"];
    else if (Array.isArray(schema.type)) schema.type = [...schema.type, "null"];
    if (Array.isArray(schema.enum) && !schema.enum.includes(null)) schema.enum = [...schema.enum, null];
  }
  return schema;
}

function typeSchema(type: LogicalType): JsonObject {
  const comment = { $comment: formatType(type) };
  switch (type.kind) {
    case "integer":
      return { type: "integer", ...comment };
    case "float":
      return { type: "number", ...comment };
    case "decimal":
      return { type: ["number", "string"], ...comment };
    case "boolean":
      return { type: "boolean" };
    case "date":
      return { type: "string", format: "date" };
    case "time":
      return { type: "string", format: "time" };
    case "datetime":
      // RFC 3339, which the format means, has a zone.
      return type.tz ? { type: "string", format: "date-time" } : { type: "string", ...comment };
    case "uuid":
      return { type: "string", format: "uuid" };
    case "binary":
      return { type: "string", contentEncoding: "base64" };
    case "json":
      return {};
    case "array":
      return { type: "array", items: typeSchema(type.items) };
    case "struct":
      return {
        type: "object",
        properties: Object.fromEntries(type.fields.map((field) => [field.name, typeSchema(field.type)])),
      };
    default:
      return { type: "string", ...(type.kind === "string" ? {} : comment) };
  }
}

function checkSchema(check: Check, type: LogicalType): JsonObject {
  const text = type.kind === "string";
  const numeric = ["integer", "float", "decimal"].includes(type.kind);
  switch (check.kind) {
    case "min":
    case "max": {
      const value = numeric ? exactNumber(check.value) : undefined;
      return value === undefined ? {} : { [check.kind === "min" ? "minimum" : "maximum"]: value };
    }
    case "length":
      return type.kind === "array"
        ? { minItems: check.value, maxItems: check.value }
        : text
        ? { minLength: check.value, maxLength: check.value }
        : {};
    case "min_length":
      return type.kind === "array" ? { minItems: check.value } : text ? { minLength: check.value } : {};
    case "max_length":
      return type.kind === "array" ? { maxItems: check.value } : text ? { maxLength: check.value } : {};
    case "pattern":
      return text ? { pattern: check.pattern } : {};
    case "values":
      return {
        enum: check.values.map((value) =>
          numeric && typeof value === "string" ? exactNumber(value) ?? value : value
        ),
      };
    case "type": {
      const format =
        { email: "email", url: "uri", uuid: "uuid", date: "date", time: "time", datetime: "date-time" }[
          check.type as "email"
        ];
      if (!text) return {};
      if (check.type === "ip") return { anyOf: [{ format: "ipv4" }, { format: "ipv6" }] };
      return format === undefined || check.format !== undefined ? {} : { format };
    }
    default:
      return {};
  }
}
