/** Turns what zod found into problems in plain English, each at its place. */
import type { z } from "zod";
import type { JsonObject } from "../sdk/mod.ts";
import { meantBy } from "./other_words.ts";
import { exampleOf, expectation } from "./expectation.ts";
import { didYouMean } from "./files.ts";
import type { MapNode, Node, Path, Place } from "./node.ts";
import { formatPath, nearestNode, nodeAt } from "./node.ts";
import type { Problem } from "./problems.ts";
import type { SchemaView } from "./schema_view.ts";

export interface IssueContext {
  /** The node that was checked, and its path in the recipe. */
  readonly node: Node;
  readonly path: Path;
  readonly view: SchemaView;
  /** Keys that belong here beside those of the schema: `type`, `write_mode`. */
  readonly otherKeys?: readonly string[];
  /** Where the block's `type` is. */
  readonly typePlace?: Place;
  /** The block that a key which is not known here belongs to: for hints. */
  readonly elsewhere?: (key: string) => string | undefined;
}

interface Issue {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
  /** What a check of ours wants to be hinted. */
  readonly params?: { readonly hint?: string };
}

/** The problems that zod's issues stand for. */
export function describeIssues(issues: readonly z.core.$ZodIssue[], context: IssueContext): Problem[] {
  const flat = (issues as unknown as Issue[]).flatMap(unfold);
  const unknown = flat.flatMap((issue) => unknownKeys(issue, context));
  const meant = new Set(unknown.map((problem) => problem.context?.suggestion));
  const others = flat.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return [];
    const missing = missingKey(issue, context);
    if (missing === undefined) return [wrongValue(issue, context)];
    // `pth: x` is one problem, not a wrong key and a missing one.
    return meant.has(String(issue.path.at(-1))) ? [] : [missing];
  });
  return [...unknown, ...others];
}

/** Takes the option of a union that was meant: the one that fits best. */
function unfold(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors === undefined || issue.errors.length === 0) {
    return [issue];
  }
  const options = issue.errors.map((errors) =>
    errors.flatMap((error) => unfold({ ...error, path: [...issue.path, ...error.path] }))
  );
  const ofRightKind = options.filter((errors) =>
    !errors.some((error) =>
      error.path.length === issue.path.length &&
      (error.code === "invalid_type" || error.code === "invalid_value")
    )
  );
  if (ofRightKind.length === 0) return [{ ...issue, errors: undefined }];
  return ofRightKind.reduce((best, errors) => errors.length < best.length ? errors : best);
}

function unknownKeys(issue: Issue, context: IssueContext): Problem[] {
  if (issue.code !== "unrecognized_keys") return [];
  const view = viewAt(context.view, issue.path);
  const atBlock = issue.path.length === 0;
  const known = [...(atBlock ? context.otherKeys ?? [] : []), ...(view?.keys ?? [])];
  const map = nodeAt(context.node, issue.path);
  const inherited = atBlock && map?.kind === "map" ? inheritedKeys(map, issue.keys ?? []) : undefined;
  const own = (issue.keys ?? []).filter((key) => !inherited?.keys.includes(key));
  const problems = own.map((key) =>
    unknownKey(key, { known, at: [...context.path, ...issue.path], map, context })
  );
  return inherited === undefined ? problems : [...problems, inheritedProblem(inherited, context)];
}

export interface UnknownKey {
  /** Keys there are. */
  readonly known: readonly string[];
  /** The path of the mapping that holds it, in the recipe. */
  readonly at: Path;
  readonly map: Node | undefined;
  readonly context: Pick<IssueContext, "node" | "path" | "elsewhere">;
}

/** The problem with a key that is not known where it stands. */
export function unknownKey(key: string, { known, at, map, context }: UnknownKey): Problem {
  const suggestion = meantBy(key, known);
  const place = map?.kind === "map" ? map.entries.get(key)?.key : undefined;
  const block = formatPath(at);
  const elsewhere = context.elsewhere?.(key);
  const hint = suggestion === undefined && elsewhere !== undefined && elsewhere !== block
    ? `"${key}" belongs under "${elsewhere}"`
    : didYouMean(key, known, block === "" ? "keys of a recipe" : `keys of "${block}"`);
  return {
    code: "UNKNOWN_KEY",
    message: block === "" ? `Key "${key}" is not known.` : `Key "${key}" is not known in "${block}".`,
    hint,
    context: { key, in: block, ...(suggestion === undefined ? {} : { suggestion }) },
    place: place ?? nearestNode(context.node, at.slice(context.path.length)).place,
  };
}

interface Inherited {
  readonly keys: string[];
  readonly map: MapNode;
}

/** Keys that a parent wrote for the connector that this recipe has replaced by another. */
function inheritedKeys(map: MapNode, keys: readonly string[]): Inherited | undefined {
  const left = [...map.replacedType?.keys ?? []].map((entry) => entry.key);
  const found = keys.filter((key) => left.includes(map.entries.get(key)!.key));
  return found.length === 0 ? undefined : { keys: found, map };
}

function inheritedProblem({ keys, map }: Inherited, context: IssueContext): Problem {
  const block = formatPath(context.path);
  const before = map.replacedType!;
  const listed = keys.map((key) => `"${key}"`).join(", ");
  return {
    code: "INHERITED_KEY",
    message: `${listed} ${keys.length === 1 ? "comes" : "come"} from ${before.place.source.path}, where ` +
      `"${block}" is of type "${before.type}"; the type it has here does not know ` +
      `${keys.length === 1 ? "it" : "them"}.`,
    hint: `add delete: [${keys.map((key) => `${block}.${key}`).join(", ")}]`,
    context: { keys, in: block },
    place: context.typePlace ?? map.place,
  };
}

function missingKey(issue: Issue, context: IssueContext): Problem | undefined {
  const key = issue.path.at(-1);
  if (typeof key !== "string" || nodeAt(context.node, issue.path) !== undefined) return undefined;
  const parentPath = issue.path.slice(0, -1);
  const parent = nodeAt(context.node, parentPath);
  if (parent?.kind !== "map") return undefined;
  const at = formatPath([...context.path, ...parentPath]);
  const view = viewAt(context.view, issue.path);
  return {
    code: "MISSING_KEY",
    message: at === "" ? `The recipe needs the key "${key}".` : `"${at}" needs the key "${key}".`,
    hint: `add it, for example: ${exampleOf(key, view)}`,
    context: { key, in: at },
    place: parent.place,
  };
}

/** How zod begins the messages it words itself; any other was written by the author of the schema. */
const BUILT_IN = /^(Invalid|Too (small|big)|Unrecognized|Expected)/;

function wrongValue(issue: Issue, context: IssueContext): Problem {
  const path = [...context.path, ...issue.path];
  const node = nearestNode(context.node, issue.path);
  const view = viewAt(context.view, issue.path);
  const label = labelIn(context, issue.path);
  const hidden = view?.marks.secret || (node.kind === "rendered" && node.secret);
  const problem = {
    code: "INVALID_VALUE",
    place: node.place,
    context: { key: formatPath(path) } as JsonObject,
  };
  const shown = hidden ? "" : `, but is ${show(node)}`;
  if (view === undefined || !BUILT_IN.test(issue.message)) {
    const [, text, meant] = /^(.*); (did you mean .*\?)$/s.exec(issue.message) ?? [];
    return {
      ...problem,
      message: sentence(label, text ?? issue.message, shown),
      hint: issue.params?.hint ?? meant,
    };
  }
  const wanted = issue.code === "invalid_format" ? formatWords(issue.message) : expectation(view);
  return {
    ...problem,
    message: `${label} must be ${wanted}${shown}.`,
    hint: hintFor(node, view, Boolean(hidden)),
  };
}

/** `Invalid URL` → `a valid URL`; `Invalid string: must match pattern /x/` → `text that matches the pattern /x/`. */
function formatWords(message: string): string {
  const pattern = /must match pattern (.*)$/.exec(message)?.[1];
  if (pattern !== undefined) return `text that matches the pattern ${pattern}`;
  const rule = /^Invalid string: must (.*)$/.exec(message)?.[1];
  return rule === undefined ? message.replace(/^Invalid /, "a valid ") : `text that must ${rule}`;
}

/** `merge_keys[0]`, `batch_size`: the last name of a path and what follows it. */
export function labelOf(path: Path): string {
  const last = path.findLastIndex((part) => typeof part === "string");
  return last < 0 ? "The recipe" : formatPath(path.slice(last));
}

/** As `labelOf`, with the mapping before a key that is free to choose: `mapping.a`. */
function labelIn(context: IssueContext, path: Path): string {
  const label = labelOf([...context.path, ...path]);
  const free = typeof path.at(-1) === "string" && path.length > 1 &&
    !viewAt(context.view, path.slice(0, -1))?.keys.includes(String(path.at(-1)));
  return free ? `${labelOf([...context.path, ...path.slice(0, -1)])}.${label}` : label;
}

function sentence(label: string, message: string, shown: string): string {
  const text = message.replace(/\.$/, "");
  if (/^must\b/.test(text)) return `${label} ${text}${text.includes("but is") ? "" : shown}.`;
  if (/^(can't|can only|should|needs?|is|has|names)\b/.test(text)) return `${label} ${text}.`;
  return `${label}: ${text.charAt(0).toLowerCase()}${text.slice(1)}${text.endsWith("?") ? "" : "."}`;
}

function show(node: Node): string {
  switch (node.kind) {
    case "map":
      return "a mapping";
    case "list":
      return node.items.length === 0 ? "an empty list" : "a list";
    case "rendered":
      return `${quote(node.text)} (from ${shorten(node.template.trim())})`;
    case "scalar":
      if (node.value === null) return "empty";
      return typeof node.value === "string" ? quote(node.text) : shorten(node.text);
  }
}

function quote(text: string): string {
  return text === "" ? "an empty text" : JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function hintFor(node: Node, view: SchemaView, hidden: boolean): string | undefined {
  if (node.kind === "scalar" && node.value === null) {
    return "give it a value or remove the key; to drop an inherited key list it under `delete:`";
  }
  const text = node.kind === "scalar" || node.kind === "rendered" ? node.text : undefined;
  if (text === undefined) return undefined;
  const near = meantBy(text, view.choices);
  if (near !== undefined && !hidden) return `did you mean "${near}"?`;
  if (node.kind === "scalar" && typeof node.value !== "string" && view.accepts("string")) {
    return hidden ? "put it in quotes" : `put it in quotes: "${shorten(node.text)}"`;
  }
  if (view.accepts("boolean") && /^(yes|no|on|off|y|n|1|0)$/i.test(text)) {
    return "YAML 1.2 knows only true and false";
  }
  return undefined;
}

function viewAt(view: SchemaView, path: Path): SchemaView | undefined {
  let at: SchemaView | undefined = view;
  for (const part of path) at = typeof part === "number" ? at?.item(part) : at?.child(part);
  return at;
}

/** Whether a path leads to, into or out of one of others. */
export function touches(path: Path, others: readonly Path[]): boolean {
  return others.some((other) => {
    const shared = Math.min(path.length, other.length);
    return path.slice(0, shared).every((part, i) => String(part) === String(other[i]));
  });
}
