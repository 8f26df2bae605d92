/** Finding the schema of what a plan loads, from all of its rows. Changes nothing. */
import type { Plan, ResourcePlan } from "../plan/mod.ts";
import {
  distinctSql,
  inferColumns,
  type InferredColumn,
  join,
  keyCandidates,
  profileSql,
  readProfile,
} from "../schema/mod.ts";
import { EMPTY_SOURCE_STATE, engineType, quoteIdent, type Schema, type Session } from "../sdk/mod.ts";
import { applySteps } from "../transforms/mod.ts";
import { asError, explain, type UnderWay } from "./failure.ts";
import { lookAt, type Looking } from "./describe.ts";
import type { RunIO } from "./io.ts";

/** What was found of a resource. */
export interface InferredSchema {
  readonly resource: string;
  readonly rows: number;
  readonly columns: readonly InferredColumn[];
}

/** Reads all rows of each resource, as its steps leave them, from the start. */
export async function inferPlan(plan: Plan, io: RunIO): Promise<InferredSchema[]> {
  const found: InferredSchema[] = [];
  for (const resource of plan.resources) {
    found.push(await lookAt(resource, { plan, io }, (looking) => inferResource(resource, looking)));
  }
  return found;
}

async function inferResource(resource: ResourcePlan, looking: Looking): Promise<InferredSchema> {
  const { session } = looking;
  let underWay: UnderWay = { end: "source" };
  try {
    const relations: { sql: string; schema: Schema }[] = [];
    const request = { ...looking.request, wholeColumns: true, incremental: undefined };
    for await (const read of looking.source.readBatches(request, EMPTY_SOURCE_STATE)) {
      underWay = { read, end: "source" };
      const applied = await applySteps(read.batch, resource.steps, looking.steps);
      underWay = { read, applied, end: "source" };
      relations.push({ sql: applied.batch.sql, schema: applied.batch.schema });
    }
    const { schema, sql } = together(relations);
    if (schema.fields.length === 0) return { resource: resource.name, rows: 0, columns: [] };
    const profile = readProfile(schema, await one(session, profileSql(schema, `(${sql})`)));
    const candidates = keyCandidates(schema, profile);
    const counts = candidates.length === 0 ? {} : await one(session, distinctSql(candidates, `(${sql})`));
    const unique = candidates.filter((_, i) => Number(counts[`n${i}`]) === profile.rows);
    return { resource: resource.name, rows: profile.rows, columns: inferColumns(schema, profile, unique) };
  } catch (cause) {
    throw await explain(asError(cause, looking.io.signal), resource, underWay);
  }
}

async function one(session: Session, sql: string): Promise<Record<string, unknown>> {
  return (await session.query<Record<string, unknown>>(sql))[0]!;
}

/** Batches as one relation, each column of the least type that holds it in all of them. */
function together(relations: readonly { sql: string; schema: Schema }[]): { schema: Schema; sql: string } {
  const types = new Map<string, Schema["fields"][number]>();
  for (const { schema } of relations) {
    for (const field of schema.fields) {
      const key = field.name.toLowerCase();
      const before = types.get(key);
      types.set(key, before === undefined ? field : { ...before, type: join(before.type, field.type) });
    }
  }
  const fields = [...types.values()];
  if (relations.length === 1) return { schema: { fields }, sql: relations[0]!.sql };
  const selects = relations.map(({ sql, schema }) => {
    const items = fields.map(({ name, type }) => {
      const here = schema.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
      const value = here === undefined ? "NULL" : quoteIdent(here.name);
      return `CAST(${value} AS ${engineType(type)}) AS ${quoteIdent(name)}`;
    });
    return `SELECT ${items.join(", ")} FROM (${sql})`;
  });
  return { schema: { fields }, sql: selects.join(" UNION ALL ") };
}
