/**
 * Evaluates templates: the interpreter of `@huggingface/jinja`, made strict (an undefined name is an error), bounded
 * (steps, depth, sizes) and aware of secrets. It interprets; nothing of a template ever becomes code.
 */
import { Environment, Interpreter } from "@huggingface/jinja";
import type { Json } from "../sdk/mod.ts";
import { nearest } from "../sdk/mod.ts";
import { boundedJoin, boundedReplace, checkWidth, FILTERS, urlEncode } from "./template_filters.ts";
import { looksSecret } from "./secrets.ts";
import { TemplateError } from "./template_error.ts";
import type { AstNode, Program } from "./template_syntax.ts";
import type { RuntimeValue } from "./template_values.ts";
import { asTemplateError, nameOf, pathOf, toJson, tooMuch, toRuntime } from "./template_values.ts";

type Statement = NonNullable<Parameters<Interpreter["evaluate"]>[0]>;
type FunctionValue = RuntimeValue & { value: (args: RuntimeValue[], scope: Environment) => RuntimeValue };

/** Evaluations in one recipe, each a fraction of a microsecond; lists and texts count by their size. */
const MAX_STEPS = 100_000;
const MAX_DEPTH = 400;
const MAX_RANGE = 10_000;
const MAX_TEXT = 1024 * 1024;

/** What templates can reach. Each lookup throws a `TemplateError`, or gives undefined where `optional` allows it. */
export interface TemplateScope {
  env(name: string, options: { optional: boolean }): string | undefined;
  variable(name: string, options: { optional: boolean }): Json | undefined;
  /** The hint for a name that is nothing in templates. */
  suggest(name: string, known: readonly string[]): string;
  addSecret(text: string): void;
  /** Whether a text holds a secret. */
  isSecret(text: string): boolean;
  /** How often a secret was read so far. */
  readonly secretReads: number;
}

export class RecipeInterpreter extends Interpreter {
  readonly #scope: TemplateScope;
  readonly #env: FunctionValue;
  readonly #envVar: FunctionValue;
  readonly #var: FunctionValue;
  readonly #callees = new WeakSet<AstNode>();
  readonly #optional = new WeakSet<AstNode>();
  /** Operands that are evaluated already, for the library to pick up instead of evaluating them again. */
  readonly #ready = new Map<AstNode, RuntimeValue>();
  #steps = 0;
  #depth = 0;

  constructor(scope: TemplateScope) {
    const globals = new Environment();
    super(globals);
    this.#scope = scope;
    for (
      const [name, value] of [["true", true], ["True", true], ["false", false], ["False", false]] as const
    ) {
      globals.set(name, value);
    }
    for (const name of ["none", "None", "null"]) globals.set(name, null);
    this.#env = this.#define("env", (args) => this.#lookUp("env", args));
    this.#envVar = this.#define("env_var", (args) => this.#lookUp("env_var", args));
    this.#var = this.#define("var", (args) => this.#lookUp("var", args));
    this.#define("range", (args) => this.#range(args));
    this.#define("secret", ([value]) => this.#markSecret(value));
    this.#define("raise_exception", ([message]) => {
      throw new TemplateError("TEMPLATE_ERROR", `the template says: ${String(message?.value ?? "error")}`);
    });
  }

  /** The names templates may use beside variables of their own. */
  get names(): string[] {
    return [...this.global.variables.keys()];
  }

  /** Makes a value known in all templates. */
  setGlobal(name: string, value: Json): void {
    this.global.setVariable(name, toRuntime(value));
  }

  /** Makes the macros of a template known in all templates. */
  defineMacros(program: Program): void {
    for (const statement of program.body) {
      if (statement.type === "Macro") this.evaluate(statement, this.global);
    }
  }

  /** The text of a template, or its value where it is one whole expression. @throws {TemplateError} */
  compute(program: Program, whole: boolean): RuntimeValue {
    const environment = new Environment(this.global);
    const depth = this.#depth;
    try {
      if (!whole) {
        let text = "";
        for (const statement of program.body) {
          const value = this.evaluate(statement, environment);
          if (value.value !== null && value.value !== undefined) text += value.toString();
          if (text.length > MAX_TEXT) throw tooMuch("the text gets longer than 1 MiB");
        }
        return toRuntime(text);
      }
      const expression = program.body.find((statement) => statement.type !== "Comment");
      return expression === undefined ? toRuntime("") : this.evaluate(expression, environment);
    } catch (error) {
      throw asTemplateError(error as Error);
    } finally {
      this.#depth = depth;
    }
  }

  override evaluate(statement: Statement | undefined, environment: Environment): RuntimeValue {
    if (statement === undefined) return super.evaluate(statement, environment);
    this.#charge(1);
    if (++this.#depth > MAX_DEPTH) throw tooMuch("it is nested too deeply, or a macro calls itself for ever");
    const node = statement as unknown as AstNode;
    const value = this.#take(node) ?? this.#evaluateNode(node, statement, environment);
    this.#depth--;
    if (value === undefined || value.type === "UndefinedValue") {
      return this.#undefined(node, environment);
    }
    if (value.type === "StringValue") {
      const { length } = value.value as string;
      if (length > MAX_TEXT) throw tooMuch("a text gets longer than 1 MiB");
      this.#charge(length >> 6);
    } else if (Array.isArray(value.value)) {
      this.#charge(value.value.length);
    } else if (value.type === "FunctionValue" && !this.#callees.has(node)) {
      const name = nameOf(node);
      throw new TemplateError("TEMPLATE_ERROR", `"${name}" is a function`, {
        hint: name === "var" || name === "env" ? `write ${name}.name` : `call it: ${name}(…)`,
        subject: name,
      });
    }
    return value;
  }

  #evaluateNode(node: AstNode, statement: Statement, environment: Environment): RuntimeValue {
    switch (node.type) {
      case "MemberExpression":
        return this.#member(node, statement, environment);
      case "FilterExpression":
      case "FilterStatement":
        return this.#filter(node, statement, environment);
      case "TestExpression":
        if (/^(un)?defined$/.test(nameOf(node.test as AstNode))) this.#makeOptional(node.operand as AstNode);
        this.#callees.add(node.operand as AstNode);
        return super.evaluate(statement, environment);
      case "CallExpression":
      case "CallStatement":
        return this.#call(node, statement, environment);
      default:
        return super.evaluate(statement, environment);
    }
  }

  #take(node: AstNode): RuntimeValue | undefined {
    const value = this.#ready.get(node);
    if (value !== undefined) this.#ready.delete(node);
    return value;
  }

  #member(node: AstNode, statement: Statement, environment: Environment): RuntimeValue {
    const object = node.object as AstNode;
    const named = object.type === "Identifier" ? environment.lookupVariable(String(object.value)) : undefined;
    if (named !== undefined && (named === this.#env || named === this.#var)) {
      const property = node.property as AstNode;
      const key = node.computed
        ? this.evaluate(property as unknown as Statement, environment).value
        : property.value;
      const optional = this.#optional.has(node);
      return toRuntime(
        named === this.#env
          ? this.#scope.env(String(key), { optional })
          : this.#scope.variable(String(key), { optional }),
      );
    }
    const container = this.evaluate(object as unknown as Statement, environment);
    this.#ready.set(object, container);
    return this.#tainted(container, super.evaluate(statement, environment));
  }

  #call(node: AstNode, statement: Statement, environment: Environment): RuntimeValue {
    const call = node.type === "CallStatement" ? node.call as AstNode : node;
    const callee = call.callee as AstNode;
    this.#callees.add(callee);
    if (callee.type === "Identifier" && node === call) {
      const name = String(callee.value);
      const called = environment.lookupVariable(name);
      if (called === this.#env || called === this.#envVar || called === this.#var) {
        return this.#lookUp(name, this.#values(call, environment), this.#optional.has(node));
      }
    }
    if (callee.type !== "MemberExpression" || callee.computed) return super.evaluate(statement, environment);
    const object = this.evaluate(callee.object as Statement, environment);
    const method = String((callee.property as AstNode).value);
    if (typeof object.value !== "string") return super.evaluate(statement, environment);
    const args = this.#values(call, environment);
    if (method === "replace") {
      return this.#tainted(object, toRuntime(boundedReplace(object.value, args.map(toJson))));
    }
    const body = object.builtins.get(method) as FunctionValue | undefined;
    if (body?.type === "FunctionValue") return this.#tainted(object, body.value(args, environment));
    throw new TemplateError("TEMPLATE_ERROR", `a text has no method "${method}"`, {
      hint: "use a filter, such as `| upper`",
      subject: method,
    });
  }

  #filter(node: AstNode, statement: Statement, environment: Environment): RuntimeValue {
    const filter = node.filter as AstNode;
    const name = nameOf(filter);
    if (!FILTERS.includes(name)) {
      const near = nearest(name, FILTERS);
      throw new TemplateError("TEMPLATE_ERROR", `there is no filter "${name}"`, {
        hint: near === undefined ? `filters are: ${FILTERS.join(", ")}` : `did you mean "${near}"?`,
        subject: name,
      });
    }
    if (node.type === "FilterStatement") {
      const reads = this.#scope.secretReads;
      const result = super.evaluate(statement, environment);
      if (this.#scope.secretReads > reads) this.#taint(result);
      return result;
    }
    const operandNode = node.operand as AstNode;
    if (name === "default" || name === "d") {
      this.#makeOptional(operandNode);
      const operand = this.evaluate(operandNode as unknown as Statement, environment);
      const [fallback, boolean] = this.#values(filter, environment);
      const empty = operand.value === undefined || (boolean?.value === true && !operand.__bool__().value);
      return empty ? fallback ?? toRuntime("") : operand;
    }
    const operand = this.evaluate(operandNode as unknown as Statement, environment);
    const own = this.#applyOwnFilter(name, operand, this.#values(filter, environment).map(toJson));
    if (own !== undefined) return this.#tainted(operand, own);
    this.#ready.set(operandNode, operand);
    return this.#tainted(operand, super.evaluate(statement, environment));
  }

  #applyOwnFilter(name: string, operand: RuntimeValue, args: Json[]): RuntimeValue | undefined {
    switch (name) {
      case "secret":
        return this.#markSecret(operand);
      case "urlencode":
        return toRuntime(urlEncode(toJson(operand)));
      case "replace":
        return typeof operand.value === "string" ? toRuntime(boundedReplace(operand.value, args)) : undefined;
      case "join":
        return Array.isArray(operand.value)
          ? toRuntime(boundedJoin(toJson(operand) as Json[], args))
          : undefined;
      case "indent":
      case "tojson":
        checkWidth(args);
        return undefined;
      default:
        return undefined;
    }
  }

  #values(call: AstNode, environment: Environment): RuntimeValue[] {
    const args = (call.type === "CallExpression" ? call.args : []) as AstNode[];
    return args.map((argument) =>
      this.evaluate(
        (argument.type === "KeywordArgumentExpression" ? argument.value : argument) as Statement,
        environment,
      )
    );
  }

  #makeOptional(node: AstNode): void {
    // In `a.b.c | default('x')` each of the three may be missing.
    for (let at: AstNode | undefined = node; at !== undefined; at = at.object as AstNode | undefined) {
      this.#optional.add(at);
    }
  }

  #undefined(node: AstNode, environment: Environment): RuntimeValue {
    const undefinedValue = environment.lookupVariable("\0");
    if (this.#optional.has(node)) return undefinedValue;
    if (node.type === "FilterExpression") {
      throw new TemplateError(
        "TEMPLATE_ERROR",
        `the filter "${nameOf(node.filter as AstNode)}" finds nothing`,
      );
    }
    if (node.type !== "Identifier" && node.type !== "MemberExpression") return undefinedValue;
    const shown = pathOf(node);
    throw new TemplateError("UNRESOLVED_VARIABLE", `"${shown}" is not defined`, {
      hint: this.#scope.suggest(shown, this.names),
      subject: shown,
    });
  }

  #define(name: string, body: (args: RuntimeValue[]) => RuntimeValue): FunctionValue {
    const value = this.global.set(name, () => null) as FunctionValue;
    value.value = body;
    return value;
  }

  /** `env_var('X', 'default')`, `env('X')`, `var('x', default)`. */
  #lookUp(called: string, args: RuntimeValue[], optional = false): RuntimeValue {
    const name = this.#nameArgument(args, called);
    const fallback = defaultArgument(args);
    const options = { optional: optional || fallback !== undefined };
    const value = called === "var" ? this.#scope.variable(name, options) : this.#scope.env(name, options);
    if (value !== undefined || fallback === undefined) return toRuntime(value);
    return looksSecret(name) ? this.#markSecret(fallback) : fallback;
  }

  #nameArgument(args: RuntimeValue[], called: string): string {
    const name = args[0]?.value;
    if (typeof name === "string" && args.length <= 2) return name;
    throw new TemplateError(
      "TEMPLATE_ERROR",
      `${called}() takes a name in quotes and, if wanted, a default`,
      {
        hint: `write ${called}('NAME') or ${called}('NAME', 'default')`,
        subject: called,
      },
    );
  }

  #range(args: RuntimeValue[]): RuntimeValue {
    const numbers = args.map((argument) => argument.value);
    if (numbers.length < 1 || numbers.length > 3 || !numbers.every(Number.isInteger)) {
      throw new TemplateError("TEMPLATE_ERROR", "range() takes one to three whole numbers", {
        subject: "range",
      });
    }
    const [first, second, step = 1] = numbers as number[];
    const [start, stop] = second === undefined ? [0, first!] : [first!, second];
    if (step === 0) {
      throw new TemplateError("TEMPLATE_ERROR", "range() needs a step other than 0", { subject: "range" });
    }
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (length > MAX_RANGE) {
      throw tooMuch(`range() gives more than ${MAX_RANGE.toLocaleString("en-US")} numbers`);
    }
    return toRuntime(Array.from({ length }, (_, i) => start + i * step));
  }

  #markSecret(value: RuntimeValue | undefined): RuntimeValue {
    if (value === undefined) {
      throw new TemplateError("TEMPLATE_ERROR", "secret() takes the value to be kept secret", {
        subject: "secret",
      });
    }
    const text = value.toString();
    if (text !== "") this.#scope.addSecret(text);
    return value;
  }

  /** Remembers `result` as secret where `operand` holds one. */
  #tainted(operand: RuntimeValue, result: RuntimeValue): RuntimeValue {
    if (typeof operand.value === "string" && this.#scope.isSecret(operand.value)) this.#taint(result);
    return result;
  }

  /** Remembers what a filter or method made of a secret. */
  #taint(value: RuntimeValue | undefined): void {
    if (typeof value?.value === "string") {
      // A single character gives nothing away, and masking it would garble every message.
      if (value.value.length > 3 && !this.#scope.isSecret(value.value)) this.#scope.addSecret(value.value);
    } else if (Array.isArray(value?.value)) {
      for (const item of value.value as RuntimeValue[]) this.#taint(item);
    }
  }

  #charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw tooMuch("it takes too many steps");
  }
}

function defaultArgument(args: RuntimeValue[]): RuntimeValue | undefined {
  const last = args[1];
  if (last?.type !== "KeywordArgumentsValue") return last;
  return (last.value as Map<string, RuntimeValue>).get("default");
}
