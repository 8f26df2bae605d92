/** Values and errors of the template interpreter, to and from ours. */
import type { Interpreter } from "@huggingface/jinja";
import { Environment } from "@huggingface/jinja";
import type { Json } from "../sdk/mod.ts";
import { TemplateError } from "./template_error.ts";
import type { AstNode } from "./template_syntax.ts";

export type RuntimeValue = ReturnType<Interpreter["evaluate"]>;

/** Makes a value one of the interpreter's. */
export function toRuntime(value: Json | undefined): RuntimeValue {
  return new Environment().set("value", value);
}

/** Makes one of the interpreter's values plain. @throws {TemplateError} for functions and the like. */
export function toJson(value: RuntimeValue): Json {
  const inner = value.value as unknown;
  if (Array.isArray(inner)) return inner.map(toJson);
  if (inner instanceof Map) return Object.fromEntries([...inner].map(([key, item]) => [key, toJson(item)]));
  if (typeof inner === "number" && !Number.isFinite(inner)) {
    throw new TemplateError("TEMPLATE_ERROR", "the result is no finite number");
  }
  return inner === undefined ? null : inner as Json;
}

/** The name a node starts with: `a` for `a`, `a.b`, `a('x')`, `a | upper`. */
export function nameOf(node: AstNode): string {
  if (/^(Identifier|StringLiteral|IntegerLiteral)$/.test(node.type)) return String(node.value);
  const inner = node.object ?? node.callee ?? node.operand ?? node.value;
  return typeof inner === "object" && inner !== null ? nameOf(inner as AstNode) : String(inner ?? node.type);
}

/** `a.b.c` as it is written; the last name alone where it hangs on something else than names. */
export function pathOf(node: AstNode): string {
  if (node.type !== "MemberExpression") return nameOf(node);
  const property = nameOf(node.property as AstNode);
  const object = node.object as AstNode;
  return object.type === "Identifier" || object.type === "MemberExpression"
    ? `${pathOf(object)}.${property}`
    : property;
}

/** What is said of a template that goes past a bound. */
export function tooMuch(message: string): TemplateError {
  return new TemplateError("TEMPLATE_LIMIT", message, { hint: "templates are for short texts: simplify it" });
}

/** What the library threw, in our words. */
export function asTemplateError(error: Error): TemplateError {
  if (error instanceof TemplateError) return error;
  if (error instanceof RangeError) return tooMuch("it is too large or nested too deeply");
  if (error instanceof TypeError || /^(Break|Continue)Control$/.test(error.constructor.name)) {
    return new TemplateError("TEMPLATE_ERROR", "it can't be computed");
  }
  const message = error.message.replace(
    /\b(\w+?)Value\b/g,
    (_, kind: string) => KINDS[kind] ?? kind.toLowerCase(),
  );
  return new TemplateError(
    "TEMPLATE_ERROR",
    message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, ""),
  );
}

const KINDS: Record<string, string> = {
  String: "text",
  Integer: "number",
  Float: "number",
  Numeric: "number",
  Object: "mapping",
  Array: "list",
  Tuple: "list",
  Undefined: "undefined value",
};
