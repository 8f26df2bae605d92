/** Renders the templates of a merged recipe. */
import type { Json, JsonObject } from "../sdk/mod.ts";
import type { MapEntry, MapNode, Node, Path, Place, RenderedNode, ScalarNode } from "./node.ts";
import { formatPath, textOf } from "./node.ts";
import type { Problems } from "./problems.ts";
import type { RenderedVariable } from "./scope.ts";
import { VariableScope } from "./scope.ts";
import { TemplateError } from "./template_error.ts";
import { RecipeInterpreter } from "./template_runtime.ts";
import { holdsTemplate, parseTemplate, TemplateSyntaxError } from "./template_syntax.ts";
import { toJson } from "./template_values.ts";

export interface RenderOptions {
  readonly env: (name: string) => string | undefined;
  readonly vars: JsonObject;
  readonly collectMissing: boolean;
  readonly problems: Problems;
}

/** A recipe in which every template is rendered. */
export interface RenderedRecipe {
  readonly root: MapNode;
  /** `vars:` rendered, with `--var` over them. */
  readonly vars: JsonObject;
  readonly macros: Readonly<Record<string, string>>;
  /** Those of `--var` that the recipe neither declares nor names in a template, and those that it does. */
  readonly unusedVars: readonly string[];
  readonly usedVars: readonly string[];
  readonly scope: VariableScope;
}

/** Keys whose texts are templates for others, not values. */
const NOT_RENDERED = new Set(["macros"]);

/** Renders all texts of a recipe. What can't be rendered is reported, and marked as unknown in the result. */
export function renderRecipe(root: MapNode, options: RenderOptions): RenderedRecipe {
  return new Renderer(root, options).run();
}

class Renderer {
  readonly #root: MapNode;
  readonly #problems: Problems;
  readonly #given: JsonObject;
  readonly #scope: VariableScope;
  readonly #interpreter: RecipeInterpreter;
  /** The macro a problem is in is told by its name: its text stands elsewhere. */
  readonly #nodes = new Map<string, Node>();

  constructor(root: MapNode, options: RenderOptions) {
    this.#root = root;
    this.#problems = options.problems;
    this.#given = options.vars;
    const vars = root.entries.get("vars")?.node;
    const nodes = vars?.kind === "map" ? vars.entries : new Map<string, MapEntry>();
    this.#scope = new VariableScope({
      env: options.env,
      collectMissing: options.collectMissing,
      given: options.vars,
      nodes: new Map([...nodes].map(([name, entry]) => [name, entry.node])),
      render: (name, node) => this.#renderVariable(name, node),
    });
    this.#interpreter = new RecipeInterpreter(this.#scope);
  }

  run(): RenderedRecipe {
    const macros = this.#defineMacros();
    const nameEntry = this.#root.entries.get("name");
    const name = nameEntry && this.#render(nameEntry.node, ["name"]);
    const nameText = textOf(name);
    if (nameText !== undefined) this.#interpreter.setGlobal("recipe", { name: nameText });
    const vars = this.#renderVars();
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of this.#root.entries) {
      const node = key === "name"
        ? name!
        : key === "vars"
        ? this.#nodes.get("vars") ?? entry.node
        : NOT_RENDERED.has(key)
        ? entry.node
        : this.#render(entry.node, [key]);
      entries.set(key, { key: entry.key, node });
    }
    return { root: { ...this.#root, entries }, vars, macros, ...this.#usage(), scope: this.#scope };
  }

  #usage(): Pick<RenderedRecipe, "unusedVars" | "usedVars"> {
    const usedVars = [...new Set([...this.#scope.declared, ...this.#scope.asked])].sort();
    const left = Object.keys(this.#given).filter((name) => !usedVars.includes(name));
    // A template may name one in a branch that was not taken.
    const templates = left.length === 0 ? [] : templatesIn(this.#root);
    const isNamed = (name: string) => templates.some((text) => text.split(/[^\p{L}\p{N}_]+/u).includes(name));
    return { usedVars, unusedVars: left.filter((name) => !isNamed(name)) };
  }

  #renderVars(): JsonObject {
    const block = this.#root.entries.get("vars")?.node;
    const vars: [string, Json][] = [];
    const entries = new Map<string, MapEntry>();
    for (const name of this.#scope.variableNames) {
      const entry = block?.kind === "map" ? block.entries.get(name) : undefined;
      const path = ["vars", name];
      let value: Json = null;
      try {
        value = this.#scope.value(name) ?? null;
      } catch (error) {
        this.#report(error, entry?.node.place ?? this.#root.place, path);
      }
      vars.push([name, value]);
      const rendered = this.#nodes.get(`vars.${name}`);
      if (entry !== undefined) entries.set(name, { key: entry.key, node: rendered ?? entry.node });
    }
    if (block?.kind === "map") this.#nodes.set("vars", { ...block, entries });
    return Object.fromEntries(vars);
  }

  #renderVariable(name: string, node: Node): RenderedVariable {
    const { result, flags } = this.#scope.track(() => this.#render(node, ["vars", name], true));
    this.#nodes.set(`vars.${name}`, result);
    return { value: plainValue(result), ...flags };
  }

  /** `rethrow`: a circle of variables is the problem of whoever began it. */
  #render(node: Node, path: Path, rethrow = false): Node {
    switch (node.kind) {
      case "map": {
        const entries = new Map<string, MapEntry>();
        for (const [key, entry] of node.entries) {
          entries.set(key, { key: entry.key, node: this.#render(entry.node, [...path, key], rethrow) });
        }
        return { ...node, entries };
      }
      case "list":
        return { ...node, items: node.items.map((item, i) => this.#render(item, [...path, i], rethrow)) };
      case "scalar":
        return typeof node.value === "string" && holdsTemplate(node.value)
          ? this.#renderText(node, path, rethrow)
          : node;
      default:
        return node;
    }
  }

  #renderText(node: ScalarNode, path: Path, rethrow: boolean): RenderedNode {
    const rendered = { kind: "rendered" as const, place: node.place, template: node.text };
    try {
      const template = parseTemplate(node.text);
      const { result, flags } = this.#scope.track(() =>
        this.#interpreter.compute(template.program, template.whole)
      );
      const native = toJson(result);
      const text = native === null ? "" : typeof native === "string" ? native : result.toString();
      return { ...rendered, text, native, ...flags };
    } catch (error) {
      if (rethrow && error instanceof TemplateError && error.code === "VARIABLE_CYCLE") throw error;
      this.#report(error, node.place, path, node);
      this.#scope.markUnknown();
      return { ...rendered, text: "", native: "", secret: false, unknown: true };
    }
  }

  #defineMacros(): Record<string, string> {
    const block = this.#root.entries.get("macros")?.node;
    const macros: Record<string, string> = {};
    if (block?.kind !== "map") return macros;
    for (const [name, { node }] of block.entries) {
      if (node.kind !== "scalar" || typeof node.value !== "string") continue;
      macros[name] = node.value;
      try {
        const { program } = parseTemplate(node.value);
        const defined = program.body.flatMap((statement) =>
          statement.type === "Macro"
            ? [String((statement as unknown as { name: { value: string } }).name.value)]
            : []
        );
        if (defined.length !== 1 || defined[0] !== name) throw wrongMacro(name, defined);
        this.#interpreter.defineMacros(program);
      } catch (error) {
        this.#report(error, node.place, ["macros", name], node);
      }
    }
    return macros;
  }

  #report(error: unknown, place: Place, path: Path, node?: ScalarNode): void {
    const key = formatPath(path);
    if (error instanceof TemplateSyntaxError) {
      this.#problems.add({
        code: "TEMPLATE_SYNTAX",
        message: `The template in "${key}" can't be read: ${error.message}.`,
        hint: "for braces that are meant literally write {% raw %}{{ … }}{% endraw %}",
        context: { key },
        place,
      });
      return;
    }
    if (!(error instanceof TemplateError)) throw error;
    const sentence = error.message.charAt(0).toUpperCase() + error.message.slice(1);
    const unresolved = error.code === "UNRESOLVED_VARIABLE" || error.code === "ENV_NOT_READABLE";
    this.#problems.add({
      code: error.code,
      message: unresolved
        ? `${sentence}; "${key}" needs it.`
        : WHOLE_SENTENCES.has(error.code)
        ? `${sentence}.`
        : `The template in "${key}" can't be rendered: ${error.message}.`,
      hint: error.hint,
      context: { key, ...(unresolved && error.subject !== undefined ? { variable: error.subject } : {}) },
      place: node === undefined ? place : findSubject(node, error.subject),
    });
  }
}

/** All texts that hold templates. */
function templatesIn(node: Node): string[] {
  if (node.kind === "map") return [...node.entries.values()].flatMap(({ node }) => templatesIn(node));
  if (node.kind === "list") return node.items.flatMap(templatesIn);
  return node.kind === "scalar" && typeof node.value === "string" && holdsTemplate(node.value)
    ? [node.value]
    : [];
}

/** Errors whose message says all. */
const WHOLE_SENTENCES = new Set(["INVALID_MACRO", "VARIABLE_CYCLE"]);

function wrongMacro(name: string, defined: readonly string[]): TemplateError {
  const found = defined.length === 0 ? "none" : defined.map((each) => `"${each}"`).join(", ");
  return new TemplateError(
    "INVALID_MACRO",
    `macro "${name}" must define "${name}", but its text defines ${found}`,
    {
      hint: `write ${name}: "{% macro ${name}(value) %}…{% endmacro %}"`,
    },
  );
}

/** In a text of several lines, the line that holds the name at fault; else where the text begins. */
function findSubject(node: ScalarNode, subject: string | undefined): Place {
  const { source, start, end } = node.place;
  if (subject === undefined || !source.text.slice(start, end).trimEnd().includes("\n")) return node.place;
  const found = source.text.indexOf(subject, start);
  return found < 0 || found >= end ? node.place : { source, start: found, end: found + subject.length };
}

/** A rendered node as plain JSON, templates with their own type. */
export function plainValue(node: Node): Json {
  switch (node.kind) {
    case "map":
      return Object.fromEntries([...node.entries].map(([key, { node }]) => [key, plainValue(node)]));
    case "list":
      return node.items.map(plainValue);
    case "scalar":
      return node.value;
    case "rendered":
      return node.native;
  }
}
