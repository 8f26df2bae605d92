/** What templates can reach: environment variables and `vars`, with what is secret, missing or in a circle. */
import type { Json, JsonObject } from "../sdk/mod.ts";
import { nearest } from "../sdk/mod.ts";
import type { Node } from "./node.ts";
import { looksSecret } from "./secrets.ts";
import { TemplateError } from "./template_error.ts";
import type { TemplateScope } from "./template_runtime.ts";

/** What went into a value while it was rendered. */
export interface Flags {
  secret: boolean;
  unknown: boolean;
}

/** A rendered value of `vars`. */
export interface RenderedVariable extends Flags {
  readonly value: Json;
}

export interface ScopeOptions {
  readonly env: (name: string) => string | undefined;
  readonly collectMissing: boolean;
  /** `--var`. */
  readonly given: JsonObject;
  /** Entries of the merged `vars:`. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** Renders an entry of `vars:`; problems are reported where they are. */
  readonly render: (name: string, node: Node) => RenderedVariable;
}

/** Shorter values are not looked for inside of others. */
const SHORTEST_SEARCHED = 3;

export class VariableScope implements TemplateScope {
  readonly secrets = new Set<string>();
  readonly requiredEnv = new Set<string>();
  readonly optionalEnv = new Set<string>();
  readonly missingEnv = new Set<string>();
  /** Names of variables that templates have asked for, whether they are there or not. */
  readonly asked = new Set<string>();
  readonly #options: ScopeOptions;
  readonly #rendered = new Map<string, RenderedVariable>();
  readonly #rendering: string[] = [];
  #flags: Flags = { secret: false, unknown: false };
  #secretReads = 0;

  constructor(options: ScopeOptions) {
    this.#options = options;
  }

  get secretReads(): number {
    return this.#secretReads;
  }

  /** Names of the variables that the recipe declares. */
  get declared(): string[] {
    return [...this.#options.nodes.keys()];
  }

  /** Names of all variables there are. */
  get variableNames(): string[] {
    return [...new Set([...Object.keys(this.#options.given), ...this.#options.nodes.keys()])];
  }

  /** Runs `body` and tells what went into it. */
  track<T>(body: () => T): { result: T; flags: Flags } {
    const outer = this.#flags;
    const flags = { secret: false, unknown: false };
    this.#flags = flags;
    try {
      return { result: body(), flags };
    } finally {
      this.#flags = outer;
      this.#note(flags);
    }
  }

  env(name: string, options: { optional: boolean }): string | undefined {
    const value = this.#readEnv(name);
    (options.optional ? this.optionalEnv : this.requiredEnv).add(name);
    if (value !== undefined) {
      if (looksSecret(name) && value !== "") this.addSecret(value);
      return value;
    }
    if (options.optional) return undefined;
    if (this.#options.collectMissing) {
      this.missingEnv.add(name);
      this.#note({ secret: false, unknown: true });
      return `<${name}>`;
    }
    throw new TemplateError("UNRESOLVED_VARIABLE", `environment variable "${name}" is not set`, {
      hint: `set it, or give a default: env_var('${name}', 'default')`,
      subject: name,
    });
  }

  #readEnv(name: string): string | undefined {
    if (name === "" || /[=\0]/.test(name)) {
      throw new TemplateError("TEMPLATE_ERROR", "an environment variable can't have that name", {
        subject: name,
      });
    }
    try {
      return this.#options.env(name);
    } catch (error) {
      throw new TemplateError("ENV_NOT_READABLE", `environment variable "${name}" may not be read`, {
        hint: `allow it: ${(error as Error).name} was raised`,
        subject: name,
      });
    }
  }

  variable(name: string, options: { optional: boolean }): Json | undefined {
    this.asked.add(name);
    const value = this.value(name);
    if (value !== undefined) return value;
    if (options.optional) return undefined;
    const near = nearest(name, this.variableNames);
    throw new TemplateError("UNRESOLVED_VARIABLE", `variable "${name}" is not defined`, {
      hint: near === undefined ? `pass --var ${name}=…, or add it to \`vars:\`` : `did you mean "${near}"?`,
      subject: name,
    });
  }

  /** The value of a variable; undefined where there is none of that name. */
  value(name: string): Json | undefined {
    const variable = this.#variable(name);
    if (variable !== undefined) this.#note(variable);
    return variable?.value;
  }

  #variable(name: string): RenderedVariable | undefined {
    const known = this.#rendered.get(name);
    if (known !== undefined) return known;
    let variable: RenderedVariable;
    if (Object.hasOwn(this.#options.given, name)) {
      const value = this.#options.given[name]!;
      if (looksSecret(name) && typeof value === "string" && value !== "") this.addSecret(value);
      variable = { value, secret: looksSecret(name), unknown: false };
    } else {
      const node = this.#options.nodes.get(name);
      if (node === undefined) return undefined;
      variable = this.#renderVariable(name, node);
    }
    this.#rendered.set(name, variable);
    return variable;
  }

  #renderVariable(name: string, node: Node): RenderedVariable {
    if (this.#rendering.includes(name)) {
      const circle = this.#rendering.slice(this.#rendering.indexOf(name));
      const chain = [...circle, name];
      // Told once: whatever else needs one of them just does not know its value.
      for (const each of circle) this.#rendered.set(each, { value: "", secret: false, unknown: true });
      throw new TemplateError(
        "VARIABLE_CYCLE",
        `variables need each other in a circle: ${chain.join(" → ")}`,
        {
          hint: "give one of them a value of its own",
          subject: name,
        },
      );
    }
    this.#rendering.push(name);
    try {
      const variable = this.#options.render(name, node);
      if (
        looksSecret(name) && typeof variable.value === "string" && variable.value !== "" && !variable.unknown
      ) {
        this.addSecret(variable.value);
        return { ...variable, secret: true };
      }
      return variable;
    } finally {
      this.#rendering.pop();
    }
  }

  suggest(name: string, known: readonly string[]): string {
    if (this.variableNames.includes(name)) return `did you mean "var.${name}"?`;
    const plain = name.split(".")[0]!;
    const near = nearest(plain, known.filter((candidate) => candidate !== plain));
    if (near !== undefined) return `did you mean "${near}"?`;
    if (/^[A-Z][A-Z0-9_]+$/.test(plain)) return `did you mean "env.${plain}"?`;
    const variable = nearest(plain, this.variableNames);
    if (variable !== undefined) return `did you mean "var.${variable}"?`;
    return "templates know env_var('NAME'), env.NAME, var('name'), var.name, recipe.name and the recipe's macros";
  }

  /** Says that the value being rendered can't be known. */
  markUnknown(): void {
    this.#note({ secret: false, unknown: true });
  }

  addSecret(text: string): void {
    this.secrets.add(text);
    this.#secretReads++;
    this.#note({ secret: true, unknown: false });
  }

  isSecret(text: string): boolean {
    for (const secret of this.secrets) {
      if (secret.length >= SHORTEST_SEARCHED && text.includes(secret)) return true;
    }
    return false;
  }

  #note(flags: Flags): void {
    this.#flags.secret ||= flags.secret;
    this.#flags.unknown ||= flags.unknown;
  }
}
