import { z } from "zod";
import { registerBuiltins } from "../../builtin.ts";
import {
  type Capabilities,
  connectorNames,
  type Example,
  findConnector,
  findFormat,
  findTransform,
  formatNames,
  type JsonObject,
  nearest,
  transformNames,
} from "../../sdk/mod.ts";
import type { Call } from "../call.ts";
import { UsageError } from "../errors.ts";
import { type ConfigKey, configKeys } from "../config_keys.ts";
import { pad, wrap } from "../width.ts";

/** What is shown of a connector, a transform step or a file format. */
interface Page {
  readonly kind: "connector" | "transform" | "format";
  readonly name: string;
  readonly summary: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly keys: readonly ConfigKey[];
  readonly notes: readonly string[];
  readonly examples: readonly Example[];
  readonly json: JsonObject;
}

/** `connector <name>`: also explains transform steps and file formats. */
export function showConnector(call: Call, name: string, options: { json?: true }): void {
  registerBuiltins();
  const page = connectorPage(name) ?? transformPage(name) ?? formatPage(name);
  if (page === undefined) throw unknown(name);
  if (options.json) {
    call.printJson({
      kind: page.kind,
      name: page.name,
      summary: page.summary,
      ...page.json,
      keys: page.keys,
      notes: page.notes,
      examples: page.examples,
    }, { indent: true });
    return;
  }
  const { out } = call;
  const width = Math.min(call.io.stdout.columns, 100);
  call.print(`${out.strong(page.name)}  ${out.dim(`(${page.kind})`)}`);
  for (const line of wrap(`${page.summary}.`, width)) call.print(line);
  if (page.facts.length > 0) call.print();
  for (const [label, text] of page.facts) {
    const lines = wrap(text, Math.max(20, width - 16));
    lines.forEach((line, i) => call.print(`${i === 0 ? out.strong(pad(label, 16)) : " ".repeat(16)}${line}`));
  }
  call.print(`\n${out.strong("Keys")}`);
  for (const key of page.keys) printKey(call, key, width);
  if (page.notes.length > 0) {
    call.print(`\n${out.strong("Notes")}`);
    for (const note of page.notes) {
      wrap(note, width - 4).forEach((line, i) => call.print(`${i === 0 ? "  - " : "    "}${line}`));
    }
  }
  for (const example of page.examples) {
    call.print(`\n${out.strong(`Example: ${example.title}`)}`);
    for (const line of example.recipe.trim().split("\n")) call.print(`  ${line}`.trimEnd());
  }
}

function printKey(call: Call, key: ConfigKey, width: number): void {
  const { out } = call;
  const marks = [
    key.type,
    ...(key.required ? ["required"] : []),
    ...(key.default === undefined ? [] : [`default ${JSON.stringify(key.default)}`]),
    ...(key.secret ? ["secret"] : []),
  ];
  const [first = "", ...rest] = wrap(`(${marks.join(", ")})`, Math.max(20, width - key.name.length - 3));
  call.print(`  ${out.name(key.name)} ${out.dim(first)}`);
  for (const line of rest) call.print(`      ${out.dim(line)}`);
  for (const line of wrap(key.description, width - 6)) if (line !== "") call.print(`      ${line}`);
}

function connectorPage(name: string): Page | undefined {
  const definition = findConnector(name);
  if (definition === undefined) return undefined;
  const { summary, capabilities: can, typeNotes = [], examples } = definition;
  return {
    kind: "connector",
    name,
    summary,
    facts: capabilityFacts(can),
    keys: configKeys(
      z.toJSONSchema(definition.config, { unrepresentable: "any", io: "input" }) as JsonObject,
    ),
    notes: typeNotes,
    examples,
    json: { capabilities: JSON.parse(JSON.stringify(can)) },
  };
}

function transformPage(name: string): Page | undefined {
  const definition = findTransform(name);
  if (definition === undefined) return undefined;
  return {
    kind: "transform",
    name,
    summary: definition.summary,
    facts: [["rows", definition.keepsRows ? "gives one row for each row" : "may give more or fewer rows"]],
    keys: configKeys(
      z.toJSONSchema(definition.config, { unrepresentable: "any", io: "input" }) as JsonObject,
    ),
    notes: [],
    examples: definition.examples,
    json: { keeps_rows: definition.keepsRows },
  };
}

function formatPage(name: string): Page | undefined {
  const definition = findFormat(name);
  if (definition === undefined) return undefined;
  const { extensions, compressions } = definition;
  return {
    kind: "format",
    name,
    summary: definition.summary,
    facts: [["files", extensions.join(" ")], ["compression", compressions.join(", ")]],
    keys: configKeys(
      z.toJSONSchema(definition.options, { unrepresentable: "any", io: "input" }) as JsonObject,
    ),
    notes: [],
    examples: definition.examples ?? [],
    json: { extensions: [...extensions], compressions: [...compressions] },
  };
}

function capabilityFacts(can: Capabilities): [string, string][] {
  const list = (values: readonly string[]) => values.length === 0 ? "none" : values.join(", ");
  const both = [...(can.read ? ["read"] : []), ...(can.write ? ["write"] : [])].join(" and ");
  return [
    ["can", both],
    ...(can.read ? [["incremental", list(can.incremental)] as [string, string]] : []),
    ...(can.write
      ? [
        ["write modes", list(can.writeModes)] as [string, string],
        ["merge by", list(can.mergeStrategies)] as [string, string],
        ["atomic by", can.transactions ? "transaction" : "temporary files and rename"] as [string, string],
      ]
      : []),
    ["support", TIERS[can.tier]],
  ];
}

const TIERS: Record<Capabilities["tier"], string> = {
  native: "native: tested against the real system",
  emulated: "emulated: tested against the vendor's emulator",
  recorded: "recorded: tested against a recorded or hand-built server",
};

function unknown(name: string): UsageError {
  const names = [...new Set([...connectorNames(), ...transformNames(), ...formatNames()])];
  const near = nearest(name, names);
  return new UsageError("UNKNOWN_CONNECTOR", `There is no connector, transform or format named "${name}".`, {
    hint: near === undefined ? "see `dataloader list-connectors --all`" : `did you mean "${near}"?`,
  });
}
