/** What `validate` found, in the forms of other tools. Pure. */
import { VERSION } from "../version.ts";
import type { Json } from "../sdk/mod.ts";

/** One error in one file, without secrets; paths as people see them. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly extendedBy?: string;
}

/**
 * Annotations of GitHub Actions.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function toGithub(findings: readonly Finding[]): string {
  return findings.map((finding) => {
    const properties = [
      `file=${property(finding.file)}`,
      `line=${finding.line}`,
      `col=${finding.column}`,
      `title=${property(finding.code)}`,
    ];
    return `::error ${properties.join(",")}::${data(withHint(finding))}\n`;
  }).join("");
}

/**
 * SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 * Each rule has the texts that GitHub's code scanning wants:
 * https://docs.github.com/en/code-security/reference/code-scanning/sarif-support-for-code-scanning
 */
export function toSarif(findings: readonly Finding[]): Json {
  const rules = [...new Set(findings.map((finding) => finding.code))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{
      tool: { driver: { name: "dataloader", version: VERSION, rules: rules.map(ruleOf) } },
      columnKind: "utf16CodeUnits",
      results: findings.map((finding) => ({
        ruleId: finding.code,
        ruleIndex: rules.indexOf(finding.code),
        level: "error",
        message: { text: withHint(finding) },
        locations: [{
          physicalLocation: {
            artifactLocation: { uri: encodeURI(finding.file.replaceAll("\\", "/")) },
            region: { startLine: finding.line, startColumn: finding.column },
          },
        }],
      })),
    }],
  };
}

/** `UNKNOWN_KEY`, told in words. */
function ruleOf(id: string): Json {
  const words = id.toLowerCase().split("_");
  const sentence = `${words.join(" ").replace(/^./, (letter) => letter.toUpperCase())}.`;
  return {
    id,
    name: words.map((word) => word.replace(/^./, (letter) => letter.toUpperCase())).join(""),
    shortDescription: { text: sentence },
    fullDescription: { text: `A recipe is wrong: ${words.join(" ")}.` },
    help: {
      text: "The message says what is wrong and what to do. `dataloader validate` shows the line, too.",
    },
    defaultConfiguration: { level: "error" },
  };
}

function withHint(finding: Finding): string {
  const hint = finding.hint === undefined ? "" : `\nhint: ${finding.hint}`;
  const by = finding.extendedBy === undefined ? "" : `\nextended by ${finding.extendedBy}`;
  return `${finding.message}${hint}${by}`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
