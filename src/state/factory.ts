/** The backend that a recipe's `state:` block asks for. */
import { nearest, RecipeError, type StateBackend } from "../sdk/mod.ts";
import { LocalStateBackend } from "./local.ts";

/** A recipe's `state:` block as far as it chooses the backend; other keys belong to the backend it names. */
export interface StateBlock {
  /** Default `local`. */
  readonly type?: string;
  /** Directory of a local backend. */
  readonly path?: string;
  readonly [key: string]: unknown;
}

const PLANNED: Readonly<Record<string, string>> = {
  s3: "S3",
  dynamodb: "DynamoDB",
  sql: "SQL table",
};

/**
 * Makes the backend of a recipe. `directory` (`--state-dir`) is where a local one keeps its files, unless the block
 * names a `path`.
 * @throws {RecipeError} `STATE_BACKEND_NOT_BUILT` for a type that this version does not have yet,
 * `UNKNOWN_STATE_BACKEND` for any other.
 */
export function createStateBackend(
  block: StateBlock | undefined,
  options: { directory?: string } = {},
): StateBackend {
  const type = block?.type ?? "local";
  if (type === "local") return new LocalStateBackend(block?.path ?? options.directory ?? ".state");
  if (Object.hasOwn(PLANNED, type)) {
    throw new RecipeError(
      "STATE_BACKEND_NOT_BUILT",
      `State in ${PLANNED[type]} (state.backend: ${type}) is not built yet in this version.`,
      {
        hint: "use `state: {backend: local}` on a disk that all runs of the recipe share",
        context: { type },
      },
    );
  }
  const names = ["local", ...Object.keys(PLANNED)];
  const near = nearest(type, names);
  throw new RecipeError("UNKNOWN_STATE_BACKEND", `The state backend "${type}" is not known.`, {
    hint: near === undefined ? `known are: ${names.join(", ")}` : `did you mean "${near}"?`,
    context: { type },
  });
}
