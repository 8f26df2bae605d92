/** The pages of connectors, transforms and formats. */
import type {
  Capabilities,
  ConnectorDefinition,
  Example,
  FormatDefinition,
  TransformDefinition,
} from "../../src/sdk/mod.ts";
import { describeKeys, keyTable } from "./keys.ts";
import { code, codeBlock, page, prose, table } from "./markdown.ts";

/** The parts of the definitions that pages show: nothing that runs. */
export type ConnectorFacts =
  & Pick<
    ConnectorDefinition,
    "name" | "summary" | "config" | "capabilities" | "typeNotes" | "examples"
  >
  & {
    /** Only whether it is there. */
    readonly defaultWriteMode?: unknown;
  };
export type TransformFacts = Pick<
  TransformDefinition,
  "name" | "summary" | "config" | "examples" | "keepsRows"
>;
/** Of the functions only whether they are there. */
export type FormatFacts =
  & Pick<FormatDefinition, "name" | "summary" | "extensions" | "options" | "compressions" | "examples">
  & {
    readonly scan?: unknown;
    readonly openScan?: unknown;
    readonly readArrow?: unknown;
    readonly copyOptions?: unknown;
    readonly writeArrow?: unknown;
  };

const TIERS: Readonly<Record<Capabilities["tier"], string>> = {
  native: "the contract suite runs against the real system",
  emulated: "the contract suite runs against the vendor's emulator",
  recorded: "the contract suite runs against a recorded or hand-built protocol server",
};

/** `docs/reference/connectors/<name>.md`. */
export function connectorPage(connector: ConnectorFacts): string {
  const { name, summary, config, capabilities, typeNotes = [], examples } = connector;
  return page(name, [
    prose(summary),
    "",
    `Support tier: **${capabilities.tier}** (${TIERS[capabilities.tier]}).`,
    "",
    "## Keys",
    "",
    ...keySection(
      describeKeys(config),
      `Beside ${code(`type: ${name}`)} and the keys of every ${ends(capabilities)}:`,
    ),
    "## Capabilities",
    "",
    ...table(["", ""], capabilityRows(capabilities, connector.defaultWriteMode !== undefined)),
    ...(typeNotes.length === 0 ? [] : ["## Types", "", ...typeNotes.map((note) => `- ${prose(note)}`), ""]),
    ...exampleSection(examples),
  ]);
}

/** `docs/reference/transforms.md`. */
export function transformsPage(transforms: readonly TransformFacts[]): string {
  return page("Transform steps", [
    "The steps of `transform.steps`, in the order of their names. Each names its kind in `type`.",
    "",
    ...contents(transforms),
    ...transforms.flatMap(({ name, summary, config, examples, keepsRows }) => [
      `## ${name}`,
      "",
      `${prose(summary)} ${keepsRows ? "Gives one row for each row." : "May give more or fewer rows."}`,
      "",
      ...keySection(describeKeys(config), `Beside ${code(`type: ${name}`)}:`),
      ...exampleSection(examples, "###"),
    ]),
  ]);
}

/** `docs/reference/formats.md`. */
export function formatsPage(formats: readonly FormatFacts[]): string {
  return page("File formats", [
    "The formats that `filestore` reads and writes. A format is told by the ending of the path, or by `format:`.",
    "",
    ...contents(formats),
    ...formats.flatMap(({ name, summary, extensions, compressions, options, examples = [], ...how }) => [
      `## ${name}`,
      "",
      prose(summary),
      "",
      ...table(["", ""], [
        ["Reads", yesNo([how.scan, how.openScan, how.readArrow].some((read) => read !== undefined))],
        ["Writes", yesNo([how.copyOptions, how.writeArrow].some((write) => write !== undefined))],
        ["Endings", extensions.map(code).join(", ")],
        ["Compressions", compressions.map(code).join(", ") || "none"],
      ]),
      ...keySection(describeKeys(options), "Options:"),
      ...exampleSection(examples, "###"),
    ]),
  ]);
}

/** `docs/reference/README.md`. */
export function indexPage(
  parts: {
    connectors: readonly ConnectorFacts[];
    transforms: readonly TransformFacts[];
    formats: readonly FormatFacts[];
    cli: boolean;
  },
): string {
  return page("Reference", [
    "## Connectors",
    "",
    ...table(
      ["Connector", "", "Reads", "Writes", "Write modes", "Support"],
      parts.connectors.map(({ name, summary, capabilities }) => [
        `[${name}](connectors/${name}.md)`,
        summary,
        yesNo(capabilities.read),
        yesNo(capabilities.write),
        capabilities.writeModes.map(code).join(", "),
        capabilities.tier,
      ]),
    ),
    `- [Transform steps](transforms.md): ${parts.transforms.map(({ name }) => code(name)).join(", ")}`,
    `- [File formats](formats.md): ${parts.formats.map(({ name }) => code(name)).join(", ")}`,
    ...(parts.cli ? ["- [The command line](cli.md)"] : []),
  ]);
}

function ends({ read, write }: Capabilities): string {
  return read && write ? "source or destination" : read ? "source" : "destination";
}

function keySection(keys: ReturnType<typeof describeKeys>, intro: string): string[] {
  return keys.length === 0 ? ["It has no keys of its own.", ""] : [intro, "", ...keyTable(keys)];
}

function exampleSection(examples: readonly Example[], heading = "##"): string[] {
  return examples.flatMap(({ title, recipe }) => [
    `${heading} Example: ${title}`,
    "",
    ...codeBlock("yaml", recipe),
  ]);
}

function contents(entries: readonly { name: string; summary: string }[]): string[] {
  return [...entries.map(({ name, summary }) => `- [${code(name)}](#${name}): ${prose(summary)}`), ""];
}

/** `byConfig`: the default write mode depends on the keys, whose descriptions tell it. */
function capabilityRows(capabilities: Capabilities, byConfig: boolean): string[][] {
  const { read, write } = capabilities;
  const list = (values: readonly string[]) => values.map(code).join(", ") || "none";
  return [
    ["Reads", yesNo(read)],
    ["Writes", yesNo(write)],
    ...(write
      ? [
        ["Write modes", list(capabilities.writeModes)],
        ["Default write mode", byConfig ? "by the [keys](#keys)" : code("append")],
      ]
      : []),
    ...(capabilities.writeModes.includes("merge")
      ? [["Merge strategies", list(capabilities.mergeStrategies)]]
      : []),
    ...(read ? [["Incremental strategies", list(capabilities.incremental)]] : []),
    ...(write
      ? [[
        "Rows and position are committed",
        capabilities.transactions ? "in one transaction" : "by a journal and an atomic rename",
      ]]
      : []),
    ...(read ? [["Reads with several connections", yesNo(capabilities.parallelRead)]] : []),
    ["Read and written by the embedded engine itself", yesNo(capabilities.embedded)],
    ["Bulk formats", list(capabilities.bulkFormats)],
    ["Longest identifier", limit(capabilities.identifierLength)],
    ["Largest statement", limit(capabilities.maxStatementBytes)],
  ];
}

function limit(bytes: number | undefined): string {
  return bytes === undefined ? "no limit" : `${bytes} bytes`;
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}
