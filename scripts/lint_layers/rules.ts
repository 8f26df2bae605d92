/** Who may import whom (the design, §10): downwards only. */

/** What the modules under one path may import of ours, besides their own folder. Paths end in `/` or name a file. */
export interface LayerRule {
  readonly path: string;
  readonly may: readonly string[];
}

const SDK = "src/sdk/";
const VERSION = "src/version.ts";
const PURE = ["src/schema/", "src/normalize/", "src/validate/"];
const BELOW_ENGINE = ["src/plan/", "src/observe/", "src/secrets/", "src/state/", ...PURE, "src/batch/", SDK];
const SHARED_CONNECTOR_PARTS = ["src/connectors/_sql/", "src/connectors/_http/", "src/storage/"];

/** The first rule whose path a file starts with holds for it. `<name>` stands for one folder. */
export const LAYERS: readonly LayerRule[] = [
  { path: "main.ts", may: ["src/cli/", VERSION] },
  { path: "scripts/", may: ["src/"] },
  { path: VERSION, may: [] },
  {
    path: "src/mod.ts",
    may: [VERSION, "src/app/", "src/builtin.ts", "src/recipe/", ...BELOW_ENGINE, "src/engine/"],
  },
  {
    path: "src/cli/",
    may: [
      VERSION,
      "src/app/",
      "src/builtin.ts",
      "src/engine/",
      "src/sandbox/",
      "src/recipe/",
      ...BELOW_ENGINE,
    ],
  },
  {
    // Loads the public interface for plug-ins, which may not read the files that it is made of.
    path: "src/app/code/worker.ts",
    may: ["src/mod.ts", "src/app/", "src/sandbox/", ...BELOW_ENGINE],
  },
  {
    path: "src/app/",
    may: [VERSION, "src/builtin.ts", "src/engine/", "src/sandbox/", "src/recipe/", ...BELOW_ENGINE],
  },
  {
    path: "src/builtin.ts",
    may: ["src/connectors/", "src/transforms/", "src/formats/", "src/storage/", SDK],
  },
  { path: "src/engine/", may: [...BELOW_ENGINE, "src/transforms/"] },
  { path: "src/sandbox/", may: ["src/plan/", "src/observe/", "src/secrets/", SDK] },
  { path: "src/plan/", may: ["src/recipe/", ...PURE, SDK] },
  { path: "src/recipe/", may: [SDK] },
  { path: "src/connectors/_sql/", may: [SDK] },
  { path: "src/connectors/_http/", may: [SDK] },
  { path: "src/connectors/<name>/", may: [...SHARED_CONNECTOR_PARTS, SDK] },
  { path: "src/transforms/", may: [SDK] },
  { path: "src/formats/", may: ["src/schema/", SDK] },
  { path: "src/storage/", may: [SDK] },
  { path: "src/state/", may: ["src/schema/", SDK] },
  { path: "src/schema/", may: [SDK] },
  { path: "src/normalize/", may: [SDK] },
  { path: "src/validate/", may: [SDK] },
  { path: "src/observe/", may: ["src/secrets/", SDK] },
  { path: "src/secrets/", may: [SDK] },
  { path: "src/batch/", may: [SDK] },
  { path: "src/sdk/", may: [] },
];

/** Who may import a package. `types` may only import its types. */
export interface PackageRule {
  readonly name: string;
  readonly may: readonly string[];
  readonly types?: readonly string[];
}

const COLUMNS = ["src/batch/", "src/connectors/", "src/formats/", "src/transforms/"];

/** Every package that `src/` imports has a line here: a new one is a decision. */
export const PACKAGES: readonly PackageRule[] = [
  // Native code goes through one module, which a run that holds code of users can seal.
  { name: "@duckdb/node-api", may: ["src/batch/native.ts"], types: ["src/batch/"] },
  { name: "@duckdb/node-bindings", may: ["src/batch/native.ts"], types: ["src/batch/"] },
  { name: "apache-arrow", may: COLUMNS, types: ["src/sdk/", "src/engine/", "src/mod.ts"] },
  { name: "pg", may: ["src/connectors/postgres/"] },
  { name: "zod", may: ["src/", "scripts/"] },
  { name: "yaml", may: ["src/recipe/", "src/cli/", "scripts/"] },
  { name: "@huggingface/jinja", may: ["src/recipe/", "src/transforms/"] },
  { name: "commander", may: ["src/cli/", "scripts/"] },
  { name: "@commander-js/extra-typings", may: ["src/cli/", "scripts/"] },
  { name: "@logtape/logtape", may: ["src/observe/"] },
];

/** What a plug-in's `mod.ts` may load before it is opened. */
export const LIGHT_PACKAGES: readonly string[] = ["zod"];
