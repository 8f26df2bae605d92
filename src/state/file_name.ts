/** Recipe names as file names, the same on every system. */
import { StateError } from "../sdk/mod.ts";

/** Names that Windows keeps for devices, with or without an ending. */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** File systems take 255 bytes a name; the longest ending that we add has 13. */
const LONGEST_NAME = 240;

/**
 * The file name, without an ending, that stands for a recipe. Characters that some system refuses in a file name are
 * percent-encoded, so two recipes never share a file.
 * @throws {StateError} `STATE_NAME_INVALID` for a name that is empty, too long, or would leave the directory.
 */
export function stateFileName(recipe: string): string {
  const problem = nameProblem(recipe);
  if (problem !== undefined) throw invalid(recipe, problem);
  const encoded = recipe
    .replace(/[%:*?"<>|]/g, (character) => percent(character))
    .replace(/[. ]$/, (character) => percent(character));
  const safe = RESERVED.test(encoded) ? percent(encoded[0]!) + encoded.slice(1) : encoded;
  if (new TextEncoder().encode(safe).length > LONGEST_NAME) throw invalid(recipe, "it is too long");
  return safe;
}

function nameProblem(recipe: string): string | undefined {
  if (recipe === "") return "it is empty";
  if (/[/\\]/.test(recipe)) return "it holds a path separator";
  if (recipe.startsWith(".")) return "it starts with a dot";
  if (/\p{Cc}/u.test(recipe)) return "it holds a control character";
  if (!recipe.isWellFormed()) return "it is not valid Unicode";
  return undefined;
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function invalid(recipe: string, why: string): StateError {
  const shown = recipe.length > 80 ? `${recipe.slice(0, 80)}…` : recipe;
  return new StateError(
    "STATE_NAME_INVALID",
    `The recipe name ${JSON.stringify(shown)} can't be the name of a state file: ${why}.`,
    { hint: "give the recipe a name of letters, digits, - and _", context: { recipe: shown } },
  );
}
