import { formatType } from "../sdk/mod.ts";
import { describedOf, describeIncremental, describeMode, describeStep, type PlanToRender } from "./render.ts";
import type { ResourcePlan } from "./plan.ts";
import { ruleLines, ruleNotes } from "./render_rules.ts";

/** Longest text on one line of a node. */
const NODE_WIDTH = 60;
/** Columns listed in a destination's node. */
const MOST_COLUMNS = 12;

/** A plan as a Mermaid flowchart: source, steps, destination. */
export function planToMermaid(shown: PlanToRender): string {
  const lines = ["flowchart LR"];
  const many = shown.plan.resources.length > 1;
  shown.plan.resources.forEach((resource, index) => {
    const body = resourceLines(shown, resource, index);
    if (!many) {
      lines.push(...body.map((line) => `  ${line}`));
      return;
    }
    lines.push(
      `  subgraph r${index}[${label([resource.name])}]`,
      ...body.map((line) => `    ${line}`),
      "  end",
    );
  });
  return `${lines.join("\n")}\n`;
}

function resourceLines(shown: PlanToRender, resource: ResourcePlan, index: number): string[] {
  const described = describedOf(shown, resource);
  const prefix = `r${index}`;
  const incremental = describeIncremental(resource);
  const source = [resource.source.summary, ...(incremental === undefined ? [] : [incremental])];
  if (described?.read?.resumesFrom !== undefined) source.push(`from ${described.read.resumesFrom}`);
  const nodes = [
    { id: `${prefix}_source`, text: `[(${label(source)})]` },
    ...resource.steps.map((step) => ({
      id: `${prefix}_step${step.index + 1}`,
      text: `[${label([`${step.index + 1} ${step.type}`, describeStep(step)])}]`,
    })),
    ...(resource.validation === undefined ? [] : [{
      id: `${prefix}_rules`,
      text: `{{${
        label([`${plural(ruleLines(resource.validation).length)}`, ...ruleNotes(resource.validation)])
      }}}`,
    }]),
    {
      id: `${prefix}_destination`,
      text: `[(${label([resource.destination.summary, describeMode(resource), ...columnsOf(described)])})]`,
    },
  ];
  return [
    ...nodes.map(({ id, text }) => `${id}${text}`),
    nodes.map(({ id }) => id).join(" --> "),
  ];
}

function plural(rules: number): string {
  return rules === 1 ? "1 rule" : `${rules} rules`;
}

function columnsOf(described: ReturnType<typeof describedOf>): string[] {
  const fields = described?.schema?.fields ?? [];
  const shown = fields.slice(0, MOST_COLUMNS).map(({ name, type }) => `${name} ${formatType(type)}`);
  const more = fields.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}

/** A quoted label; what Mermaid reads as markup is written as entities. */
function label(lines: readonly string[]): string {
  const shown = lines.filter((line) => line !== "").map((line) =>
    cut(line).replaceAll("#", "#35;").replaceAll('"', "#quot;").replaceAll("<", "#lt;").replaceAll(
      ">",
      "#gt;",
    )
      .replaceAll("`", "#96;")
  );
  return `"${shown.join("<br/>")}"`;
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= NODE_WIDTH ? text : `${characters.slice(0, NODE_WIDTH - 1).join("")}…`;
}
