/** `transform`, `resources`, and the steps of the reference that have no transform yet. */
import { z } from "zod";
import { asPath } from "../../sdk/mod.ts";
import { NAME, names } from "./common.ts";

/** `transform`, less what is in the steps. */
export const transformKeys = () =>
  z.strictObject({
    steps: z.array(z.unknown()).default([]).describe(
      "What to do with the rows, in this order; a parent's steps come first",
    ),
  });

/** One of `resources`, less what is in its blocks. */
export const resourceKeys = () =>
  z.strictObject({
    name: z.string().min(1).max(128).regex(NAME, {
      error: 'must hold only letters, digits, "_", "." and "-", and begin with a letter, digit or "_"',
    }).describe("What the resource is called"),
    description: z.string().optional().describe("What it is for"),
    depends_on: names("resource").optional().describe("Resources that must be loaded before"),
  });

/** Steps of the recipe language that no transform stands behind yet. */
export const LATER_STEPS = {
  dbt: () =>
    z.strictObject({
      project_dir: asPath(z.string().min(1)).describe("The dbt project"),
      profiles_dir: asPath(z.string().min(1)).optional().describe("Where profiles.yml is"),
      target: z.string().min(1).optional().describe("The target of the profile"),
      models: names("model").optional().describe("Models to run (default all)"),
      vars: z.record(z.string(), z.unknown()).optional().describe("Variables to pass"),
    }),
  python: () =>
    z.strictObject({
      function: z.string().min(1).describe("module.function"),
      params: z.record(z.string(), z.unknown()).optional().describe("What to pass to it"),
    }),
} as const;

export type LaterStep = keyof typeof LATER_STEPS;

export function isLaterStep(type: string): type is LaterStep {
  return Object.hasOwn(LATER_STEPS, type);
}
