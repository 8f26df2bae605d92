export * from "./apply.ts";
export * from "./conform_sql.ts";
export * from "./fit.ts";
export * from "./lattice.ts";
export * from "./names.ts";
export * from "./policy.ts";
export * as schemaProblem from "./problems.ts";
export * from "./registry.ts";
export * from "./infer.ts";
