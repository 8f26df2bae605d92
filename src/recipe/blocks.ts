/** Checks `source`, `destination` and steps: their keys depend on `type` and come from the registries. */
import type { z } from "zod";
import type { Json, JsonObject } from "../sdk/mod.ts";
import { connectorNames, findConnector, findTransform, transformNames } from "../sdk/mod.ts";
import type { Checked, Checker } from "./check.ts";
import { viewOf } from "./check.ts";
import { didYouMean } from "./files.ts";
import { toList } from "./model/common.ts";
import { COLUMN_STRATEGIES, destinationKeys, sourceKeys, toIncremental } from "./model/endpoints.ts";
import { once } from "./model/root.ts";
import { isLaterStep, LATER_STEPS, transformKeys } from "./model/steps.ts";
import type { MapNode, Node, Path, Place } from "./node.ts";
import { formatPath, pickEntries, textOf } from "./node.ts";
import type { DestinationBlock, SourceBlock, StepBlock } from "./types.ts";

/** A checked block, and the plain values it was made of for the document. `block` is missing where it has problems. */
export interface CheckedBlock<T> {
  readonly block?: T;
  readonly plain: Json;
}

export class BlockChecker {
  readonly #checker: Checker;
  /** True where plug-ins may bring types that are not registered yet. */
  readonly #open: boolean;

  constructor(checker: Checker, options: { open: boolean }) {
    this.#checker = checker;
    this.#open = options.open;
  }

  source(node: Node, path: Path): CheckedBlock<SourceBlock> {
    const keys = once("source", sourceKeys);
    const { own, config, plain, unknown } = this.#endpoint(node, path, keys);
    if (own === undefined || config === undefined) return { plain };
    const { type, incremental } = own;
    const isHidden = unknown?.unknown.some(([key, below]) => key === "incremental" && below === "strategy");
    if (incremental !== undefined && incremental.cursor_column === undefined && !isHidden) {
      this.#requireCursor(incremental.strategy, node as MapNode, path);
    }
    const block = { type, config: config.value, incremental: incremental && toIncremental(incremental) };
    return { block: { ...block, ...unknown }, plain };
  }

  destination(node: Node, path: Path): CheckedBlock<DestinationBlock> {
    const keys = once("destination", destinationKeys);
    const { own, config, plain, unknown } = this.#endpoint(node, path, keys);
    if (own === undefined || config === undefined) return { plain };
    const block: DestinationBlock = {
      type: own.type,
      config: config.value,
      writeMode: own.write_mode,
      mergeKeys: toList(own.merge_keys),
      strategy: own.strategy ?? "upsert",
      strategyGiven: own.strategy !== undefined,
      ...unknown,
    };
    return { block, plain };
  }

  steps(node: Node, path: Path): CheckedBlock<StepBlock[]> {
    const outer = this.#checker.check(node, once("transform", transformKeys), { path });
    const list = node.kind === "map" ? node.entries.get("steps")?.node : undefined;
    if (list?.kind !== "list") {
      // A list that a template gave has no nodes: its steps can't be placed or checked.
      if (outer.value !== undefined && outer.value.steps.length > 0) {
        this.#refuseTemplate(list, [...path, "steps"]);
      }
      return { block: outer.value && [], plain: outer.plain };
    }
    const steps = list.items.map((item, index) =>
      this.#step(item, { path: [...path, "steps", index], index })
    );
    const plain = { ...outer.plain as JsonObject, steps: steps.map((step) => step.plain) };
    return { block: steps.flatMap((step) => step.block ?? []), plain };
  }

  #refuseTemplate(node: Node | undefined, path: Path): void {
    this.#checker.problems.add({
      code: "INVALID_VALUE",
      message: `"${formatPath(path)}" must be written out: a template can't stand for a list of steps.`,
      hint: "use templates for the values inside of steps",
      context: { key: formatPath(path) },
      place: node?.place,
    });
  }

  #step(node: Node, { path, index }: { path: (string | number)[]; index: number }): CheckedBlock<StepBlock> {
    if (!this.#isMapping(node, path, "a step")) return { plain: this.#checker.take(node) };
    const type = this.#type(node, path, "type: cast");
    const rest = pickEntries(node, (key) => key !== "type");
    if (type === undefined) return { plain: this.#checker.take(node) };
    const schema = type.unknown ? undefined : this.#stepSchema(type.text, node, path);
    const config = this.#config(rest, schema, { path, otherKeys: ["type"] });
    if (config === undefined || schema === null) return { plain: this.#checker.take(node) };
    return {
      block: { type: type.text, config: config.value, index, path },
      plain: { type: type.text, ...config.plain as JsonObject },
    };
  }

  /** The schema of a step's keys; undefined where a plug-in may know it, null where the type is wrong. */
  #stepSchema(type: string, node: MapNode, path: Path): z.ZodType | undefined | null {
    const definition = findTransform(type);
    if (definition !== undefined) return definition.config;
    if (isLaterStep(type)) return once(`step.${type}`, LATER_STEPS[type] as () => z.ZodType);
    if (this.#open) return undefined;
    this.#checker.problems.add({
      code: "UNKNOWN_TRANSFORM",
      message: `Transform "${type}" is not known.`,
      hint: didYouMean(type, transformNames(), "transforms"),
      context: { type, key: formatPath([...path, "type"]) },
      place: node.entries.get("type")!.node.place,
    });
    return null;
  }

  #endpoint<T extends { type: string }>(node: Node, path: Path, keys: z.ZodType<T>) {
    if (!this.#isMapping(node, path, "a mapping")) return { plain: this.#checker.take(node) };
    const names = viewOf(keys).keys;
    const type = this.#type(node, path, "type: csv");
    const own = this.#checker.check(
      pickEntries(node, (key) => names.includes(key) && key !== "type"),
      withoutType(keys),
      {
        path,
      },
    );
    const rest = pickEntries(node, (key) => !names.includes(key));
    if (type === undefined) return { plain: this.#checker.take(node) };
    const schema = type.unknown ? undefined : this.#connectorSchema(type.text, node, path);
    const typePlace = node.entries.get("type")!.node.place;
    const config = schema === null
      ? undefined
      : this.#connectorConfig(rest, schema, { path, otherKeys: names, typePlace, type: type.text });
    const configPlain = config?.plain ?? this.#checker.take(rest);
    const plain = { type: type.text, ...configPlain as JsonObject, ...own.plain as JsonObject };
    const hidden = [...type.unknown ? [["type"]] : [], ...own.unknown, ...config?.unknown ?? []];
    const unknown = hidden.length === 0 ? undefined : { unknown: hidden };
    return { own: own.value && { ...own.value, type: type.text } as T, config, plain, unknown };
  }

  #connectorSchema(type: string, node: MapNode, path: Path): z.ZodType | undefined | null {
    const definition = findConnector(type);
    if (definition !== undefined) return definition.config;
    if (this.#open) return undefined;
    this.#checker.problems.add({
      code: "UNKNOWN_CONNECTOR",
      message: `Connector "${type}" is not known.`,
      hint: didYouMean(type, connectorNames(), "connectors"),
      context: { type, key: formatPath([...path, "type"]) },
      place: node.entries.get("type")!.node.place,
    });
    return null;
  }

  /** As `#config`, but keys that only a plug-in can know are taken as they are until it is imported. */
  #connectorConfig(
    node: MapNode,
    schema: z.ZodType | undefined,
    options: { path: Path; otherKeys: readonly string[]; typePlace?: Place; type: string },
  ): Omit<Checked<unknown>, "value"> & { value: unknown } | undefined {
    const isOpen = this.#open ? findConnector(options.type)?.hasOpenKeys : undefined;
    if (schema === undefined || !isOpen?.(this.#checker.take(node) as JsonObject)) {
      return this.#config(node, schema, options);
    }
    const known = viewOf(schema).keys;
    const checked = this.#config(pickEntries(node, (key) => known.includes(key)), schema, options);
    const more = this.#checker.take(pickEntries(node, (key) => !known.includes(key))) as JsonObject;
    return checked && {
      ...checked,
      value: { ...checked.value as JsonObject, ...more },
      plain: { ...checked.plain as JsonObject, ...more },
    };
  }

  /** Checks the keys beside `type`; without a schema they are taken as they are. Undefined where there are problems. */
  #config(
    node: MapNode,
    schema: z.ZodType | undefined | null,
    options: { path: Path; otherKeys: readonly string[]; typePlace?: Place },
  ): Omit<Checked<unknown>, "value"> & { value: unknown } | undefined {
    if (schema === undefined || schema === null) {
      const plain = this.#checker.take(node);
      return { value: plain, plain, unknown: [] };
    }
    const checked = this.#checker.check(node, schema, options);
    return { ...checked, value: checked.value ?? checked.plain };
  }

  #type(node: MapNode, path: Path, example: string): { text: string; unknown: boolean } | undefined {
    const found = node.entries.get("type")?.node;
    const text = textOf(found);
    if (found?.kind === "rendered" && found.unknown) return { text: found.text, unknown: true };
    if (text !== undefined && text !== "") return { text, unknown: false };
    const key = formatPath(path);
    this.#checker.problems.add(
      found === undefined
        ? {
          code: "MISSING_KEY",
          message: `"${key}" needs the key "type".`,
          hint: `add it, for example: ${example}`,
          context: { key: "type", in: key },
          place: node.place,
        }
        : {
          code: "INVALID_VALUE",
          message: "type must be text that is not empty.",
          hint: `for example: ${example}`,
          context: { key: `${key}.type` },
          place: found.place,
        },
    );
    return undefined;
  }

  #isMapping(node: Node, path: Path, what: string): node is MapNode {
    if (node.kind === "map") return true;
    if (node.kind === "rendered" && node.unknown) return false;
    this.#checker.problems.add({
      code: "INVALID_VALUE",
      message: `"${formatPath(path)}" must be ${what === "a step" ? "a mapping with a type" : what}.`,
      hint: node.kind === "rendered"
        ? "write it out: templates can only stand for values"
        : "begin with `type: …`",
      context: { key: formatPath(path) },
      place: node.place,
    });
    return false;
  }

  #requireCursor(strategy: string, node: MapNode, path: Path): void {
    if (!COLUMN_STRATEGIES.includes(strategy)) return;
    const place = node.entries.get("incremental")!.node.place;
    this.#checker.problems.add({
      code: "MISSING_KEY",
      message: `"${
        formatPath([...path, "incremental"])
      }" needs the key "cursor_column" for strategy "${strategy}".`,
      hint: "add it, for example: cursor_column: updated_at",
      context: { key: "cursor_column", in: formatPath([...path, "incremental"]) },
      place,
    });
  }
}

const typeless = new WeakMap<z.ZodType, z.ZodType>();

/** The same object schema without `type`, which is checked by itself: a missing type hides everything else. */
function withoutType<T>(schema: z.ZodType<T>): z.ZodType<Omit<T, "type">> {
  let rest = typeless.get(schema);
  if (rest === undefined) {
    rest = (schema as unknown as z.ZodObject).omit({ type: true });
    typeless.set(schema, rest);
  }
  return rest as z.ZodType<Omit<T, "type">>;
}
