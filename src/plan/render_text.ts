import { counted, type DataLoaderError, formatType, type Schema } from "../sdk/mod.ts";
import type { Plan, ResourcePlan } from "./plan.ts";
import {
  type Described,
  describedOf,
  describeIncremental,
  describeMode,
  describeStep,
  type PlanToRender,
} from "./render.ts";
import { ruleLines, ruleNotes } from "./render_rules.ts";

/** How texts look; the command line gives colours, tests give texts back as they are. */
export interface PlanView {
  readonly strong: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly name: (text: string) => string;
  /** Cuts a text to so many cells, or breaks it into lines of so many. */
  readonly cut: (text: string, width: number) => string;
  readonly wrap: (text: string, width: number) => readonly string[];
  /** Fills a text with spaces to so many cells. */
  readonly pad: (text: string, width: number) => string;
  readonly bytes: (bytes: number) => string;
  readonly error: (error: DataLoaderError) => string;
  /** Cells in a line. */
  readonly columns: number;
}

const LABEL = 10;
/** Statements and files listed before the rest is only counted. */
const MOST_STATEMENTS = 20;
/** Rules listed before the rest is only counted. */
const MOST_RULES = 40;
/** Columns listed before the rest is only counted. */
const MOST_FIELDS = 60;

/** A plan for people. */
export function planToText(shown: PlanToRender, view: PlanView): string {
  const { plan } = shown;
  const blocks = [`${view.strong(plan.recipe)}  ${view.dim(plan.file)}`];
  for (const resource of plan.resources) {
    const title = plan.resources.length > 1 ? [`${view.strong(resource.name)}`] : [];
    blocks.push([...title, ...resourceLines(shown, resource, view)].join("\n"));
  }
  const rest = [
    ...section("Reaches", accessLines(plan, view), view),
    ...(shown.state === undefined ? [] : section("State", [shown.state], view)),
    ...section("Warnings", warningsOf(shown, plan).map((text) => view.warning(text)), view),
  ];
  if (rest.length > 0) blocks.push(rest.join("\n"));
  const errors = (shown.described ?? []).flatMap((described) => described.errors);
  if (errors.length > 0) blocks.push(errors.map((error) => view.error(error).trimEnd()).join("\n\n"));
  return `${blocks.join("\n\n")}\n`;
}

function resourceLines(shown: PlanToRender, resource: ResourcePlan, view: PlanView): string[] {
  const described = describedOf(shown, resource);
  return [
    ...section("Read", readLines(resource, described, view), view),
    ...section("Steps", stepLines(resource, view), view),
    ...section("Rules", validationLines(resource, view), view),
    ...section("Write", writeLines(resource, described, view), view),
    ...section("Change", changeLines(described), view),
    ...section("Columns", columnLines(described?.schema, view), view),
  ];
}

function readLines(resource: ResourcePlan, described: Described | undefined, view: PlanView): string[] {
  const incremental = describeIncremental(resource);
  const read = described?.read;
  const lines = [view.name(resource.source.summary)];
  const size = read === undefined ? [] : [
    ...(read.files === undefined ? [] : [counted(read.files, "file")]),
    ...(read.rows === undefined ? [] : [`about ${counted(read.rows, "row")}`]),
    ...(read.bytes === undefined ? [] : [view.bytes(read.bytes)]),
  ];
  if (size.length > 0) lines.push(size.join(", "));
  if (incremental === undefined) {
    const again = resource.destination.mode === "append" ? ": every run adds all rows again" : "";
    lines.push(`everything, every time${again}`);
  } else lines.push(`incremental by ${incremental}`);
  if (read !== undefined && incremental !== undefined) {
    lines.push(`goes on from: ${read.resumesFrom ?? "the beginning"}`);
  }
  if (read !== undefined) lines.push(...statementLines(read.statements, view));
  return lines;
}

function stepLines(resource: ResourcePlan, view: PlanView): string[] {
  const width = Math.max(0, ...resource.steps.map((step) => step.type.length));
  return resource.steps.map((step) => {
    const head = `${String(step.index + 1).padStart(2)}  ${view.pad(step.type, width)}  `;
    const room = Math.max(10, view.columns - LABEL - head.length);
    return `${head}${view.dim(view.cut(describeStep(step), room))}`.trimEnd();
  });
}

function validationLines({ validation }: ResourcePlan, view: PlanView): string[] {
  if (validation === undefined) return [];
  const rules = ruleLines(validation);
  const shown = rules.slice(0, MOST_RULES);
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, what, fate }) => {
    const head = `${view.pad(name, width)}  `;
    const room = Math.max(40, view.columns - LABEL - head.length - fate.length - 2);
    return `${head}${view.dim(`${view.cut(what, room)}: ${fate}`)}`;
  });
  const more = rules.length - shown.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : []), ...ruleNotes(validation)];
}

function writeLines(resource: ResourcePlan, described: Described | undefined, view: PlanView): string[] {
  const lines = [view.name(resource.destination.summary), describeMode(resource)];
  if (described?.write !== undefined) lines.push(...statementLines(described.write.statements, view));
  return lines;
}

function changeLines(described: Described | undefined): string[] {
  if (described?.write === undefined) return [];
  const changes = described.write.changes.filter((change) => change.kind !== "none");
  return changes.length === 0
    ? ["none"]
    : changes.map(({ description, safety }) =>
      safety === undefined ? description : `${safety}: ${description}`
    );
}

function columnLines(schema: Schema | undefined, view: PlanView): string[] {
  if (schema === undefined) return [];
  const fields = schema.fields.slice(0, MOST_FIELDS);
  const longest = Math.max(0, ...fields.map((field) => [...field.name].length));
  const width = Math.min(longest, Math.max(10, Math.floor((view.columns - LABEL) / 2)));
  const lines = fields.map(({ name, type, nullable }) => {
    const room = Math.max(10, view.columns - LABEL - width - 2 - " not null".length);
    const end = nullable ? "" : " not null";
    return `${view.pad(view.cut(name, width), width)}  ${view.dim(view.cut(formatType(type), room) + end)}`;
  });
  const more = schema.fields.length - fields.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

/** Hosts, paths, variables and modules that the recipe names; files that go with one of them are left out. */
function accessLines(plan: Plan, view: PlanView): string[] {
  const named = plan.access.filter(({ why }) => why === undefined);
  const seen = new Map<string, { kinds: string[]; value: string; key: string }>();
  for (const { kind, value, key } of named) {
    const name = key.join(".");
    const known = seen.get(`${value}\0${name}`);
    if (known === undefined) seen.set(`${value}\0${name}`, { kinds: [kind], value, key: name });
    else if (!known.kinds.includes(kind)) known.kinds.push(kind);
  }
  const lines = [...seen.values()].map(({ kinds, value, key }) =>
    `${kinds.join(", ")}: ${view.name(value)} ${view.dim(`(${key})`)}`
  );
  return lines.length === 0 ? ["nothing outside"] : lines;
}

/** Statements, indented; a long one is broken at spaces. */
function statementLines(statements: readonly string[], view: PlanView): string[] {
  const shown = statements.slice(0, MOST_STATEMENTS);
  const room = Math.max(20, view.columns - LABEL - 4);
  const lines = shown.flatMap((statement) =>
    statement.trim().split("\n").flatMap((line) =>
      view.wrap(line.trimEnd(), room).map((part, i) => view.dim(`${i === 0 ? "  " : "    "}${part}`))
    )
  );
  const more = statements.length - shown.length;
  return more > 0 ? [...lines, view.dim(`  and ${more} more`)] : lines;
}

function warningsOf(shown: PlanToRender, plan: Plan): string[] {
  const found = (shown.described ?? []).flatMap(({ read, write }) => [
    ...(read?.warnings ?? []),
    ...(write?.warnings ?? []),
  ]);
  return [...new Set([...plan.warnings, ...found])];
}

/** A label, and lines beside it. Nothing where there are no lines. */
function section(label: string, lines: readonly string[], view: PlanView): string[] {
  const room = Math.max(20, view.columns - LABEL);
  return lines.flatMap((line) => view.wrap(line, room)).map((line, i) =>
    `${i === 0 ? view.strong(label.padEnd(LABEL)) : " ".repeat(LABEL)}${line}`
  );
}
