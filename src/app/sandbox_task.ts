import type { Plan } from "../plan/mod.ts";
import type { JsonObject } from "../sdk/mod.ts";

/** A recipe as its files and variables give it: what a Worker that reads neither needs to plan it. */
export interface RecipeTexts {
  readonly file: string;
  /** Text by path, as the recipe layer asks for it. */
  readonly files: Readonly<Record<string, string>>;
  /** Only the variables that the recipe names. */
  readonly env: Readonly<Record<string, string>>;
  readonly vars?: JsonObject;
  /** `collect`: variables that are not set are no error. */
  readonly onMissingEnv?: "collect" | "error";
}

/** One test of a recipe, with the recipe as the test wants it. */
export interface TestTask {
  readonly texts: RecipeTexts;
  /** Index in `recipe.tests`. */
  readonly index: number;
}

/** What is done in a Worker. `hasCode`: anybody's code will run there. */
export type SandboxTask =
  & { readonly hasCode: boolean }
  & (
    | { readonly kind: "plan"; readonly recipe: RecipeTexts }
    | { readonly kind: "test"; readonly tests: readonly TestTask[]; readonly tempDirectory: string }
    | {
      readonly kind: "run";
      readonly plan: Plan;
      readonly options: {
        readonly stateDirectory: string;
        readonly fullRefresh?: boolean;
        readonly limit?: number;
        readonly dryRun?: boolean;
      };
    }
    | {
      readonly kind: "describe" | "check" | "infer" | "history";
      readonly plan: Plan;
      readonly options: { readonly stateDirectory: string };
    }
    | {
      readonly kind: "preview";
      readonly plan: Plan;
      readonly options: {
        readonly stateDirectory: string;
        readonly limit?: number;
        readonly fromStart?: boolean;
      };
    }
  );
