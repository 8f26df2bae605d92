/** What to do when `deno compile` fails. */

/** The failure in words, from what `deno compile` printed. */
export function explainFailure(printed: string): string {
  const url = /https?:\/\/\S*denort\S*?\.zip/.exec(printed)?.[0];
  if (
    url !== undefined && /error sending request|client error|dns error|timed? ?out|404|403/i.test(printed)
  ) {
    return [
      "The executable was not made: the runtime that goes into it could not be downloaded from",
      `  ${url}`,
      "hint: allow that host; or name a mirror that has it with --mirror or DENORT_MIRROR; or unpack the archive",
      "      elsewhere and set DENORT_BIN to the path of the `denort` in it.",
      "      `deno run -A main.ts` does all that the executable does.",
    ].join("\n");
  }
  const missing = /Could not find (?:lib)?denort at '([^']*)'/.exec(printed)?.[1];
  if (missing !== undefined) {
    return `The executable was not made: DENORT_BIN is ${missing}, and there is no such file.`;
  }
  if (/No space left on device|os error 28/.test(printed)) {
    return "The executable was not made: the disk is full. It takes about 400 MB while it is written.";
  }
  return "The executable was not made: see the error above.";
}
