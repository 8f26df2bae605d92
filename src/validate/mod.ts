/** `validation`: rules as SQL and as numbers to judge. Pure. */
export * from "./checks.ts";
export * from "./rules.ts";
export * from "./split.ts";
export * from "./table_rules.ts";
export type { Contract, ContractColumn } from "./contract/contract.ts";
export { contractJsonSchema } from "./contract/json_schema.ts";
export { contractOdcs } from "./contract/odcs.ts";
