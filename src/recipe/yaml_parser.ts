/** Calls the YAML parser without letting it look at the environment. */
import process from "node:process";
import type { Document, DocumentOptions, ParsedNode, ParseOptions, SchemaOptions } from "yaml";
import { parseAllDocuments } from "yaml";

type Options = ParseOptions & DocumentOptions & SchemaOptions;

/**
 * As `parseAllDocuments` of `yaml`. Its build for Node reads `LOG_TOKENS` and `LOG_STREAM` for every token, which needs a
 * permission that reading a recipe must not need, and costs a third of the time. The parser is synchronous, so nothing
 * else sees the empty environment.
 */
export function parseYaml(text: string, options: Options): Document.Parsed<ParsedNode>[] {
  const { env } = process;
  process.env = {};
  try {
    const documents = parseAllDocuments(text, options);
    // Nothing at all gives an empty list with a marker on it.
    return "empty" in documents ? [] : documents;
  } finally {
    process.env = env;
  }
}
