/** The registries: the same doors for what ships and for users' modules. */
import type { ConnectorDefinition } from "./connector.ts";
import { RecipeError } from "./errors.ts";
import type { FormatDefinition } from "./format.ts";
import { nearest } from "./nearest.ts";
import type { TransformDefinition } from "./transform.ts";

class Registry<T> {
  readonly #kind: string;
  readonly #entries = new Map<string, T>();

  constructor(kind: string) {
    this.#kind = kind;
  }

  register(name: string, entry: T): void {
    const known = this.#entries.get(name);
    if (known !== undefined && known !== entry) {
      throw new RecipeError("ALREADY_REGISTERED", `A ${this.#kind} named "${name}" is already registered.`, {
        hint: "choose another name",
      });
    }
    this.#entries.set(name, entry);
  }

  find(name: string): T | undefined {
    return this.#entries.get(name);
  }

  get(name: string): T {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    const names = this.names();
    const near = nearest(name, names);
    const kind = this.#kind.charAt(0).toUpperCase() + this.#kind.slice(1);
    throw new RecipeError(`UNKNOWN_${this.#kind.toUpperCase()}`, `${kind} "${name}" is not known.`, {
      hint: near === undefined ? `known are: ${names.join(", ")}` : `did you mean "${near}"?`,
    });
  }

  names(): string[] {
    return [...this.#entries.keys()].sort();
  }
}

// deno-lint-ignore no-explicit-any -- a registry holds definitions of every config type; each checks its own.
type Any = any;

const connectors = new Registry<ConnectorDefinition<Any>>("connector");
const transforms = new Registry<TransformDefinition<Any>>("transform");
const formats = new Registry<FormatDefinition<Any>>("format");

/** Makes a connector known under a name: recipes may then say `type: name`. */
export function registerConnector(name: string, definition: ConnectorDefinition<Any>): void {
  connectors.register(name, definition);
}

/** The connector of that name. @throws {RecipeError} `UNKNOWN_CONNECTOR` with the nearest name. */
export function getConnector(name: string): ConnectorDefinition<Any> {
  return connectors.get(name);
}

export function findConnector(name: string): ConnectorDefinition<Any> | undefined {
  return connectors.find(name);
}

/** Names of all connectors, sorted. */
export function connectorNames(): string[] {
  return connectors.names();
}

/** Makes a transform known under a name: steps may then say `type: name`. */
export function registerTransform(name: string, definition: TransformDefinition<Any>): void {
  transforms.register(name, definition);
}

/** The transform of that name. @throws {RecipeError} `UNKNOWN_TRANSFORM` with the nearest name. */
export function getTransform(name: string): TransformDefinition<Any> {
  return transforms.get(name);
}

export function findTransform(name: string): TransformDefinition<Any> | undefined {
  return transforms.find(name);
}

/** Names of all transforms, sorted. */
export function transformNames(): string[] {
  return transforms.names();
}

/** Makes a file format known under a name: `filestore` then reads and writes it. */
export function registerFormat(name: string, definition: FormatDefinition<Any>): void {
  formats.register(name, definition);
}

/** The format of that name. @throws {RecipeError} `UNKNOWN_FORMAT` with the nearest name. */
export function getFormat(name: string): FormatDefinition<Any> {
  return formats.get(name);
}

export function findFormat(name: string): FormatDefinition<Any> | undefined {
  return formats.find(name);
}

/** Names of all formats, sorted. */
export function formatNames(): string[] {
  return formats.names();
}
