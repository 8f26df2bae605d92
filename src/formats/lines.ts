/** Finding lines in JSON Lines files. */

/** Lines with their 1-based numbers; blank ones too. */
async function* numberedLines(
  bytes: ReadableStream<Uint8Array>,
): AsyncGenerator<{ number: number; text: string }> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  let number = 0;
  for await (const chunk of bytes) {
    const parts = decoder.decode(chunk, { stream: true }).split("\n");
    rest.push(parts[0]!);
    for (const part of parts.slice(1)) {
      yield { number: ++number, text: rest.join("") };
      rest = [part];
    }
  }
  const last = rest.join("") + decoder.decode();
  if (last !== "") yield { number: ++number, text: last };
}

/** The line on which the `record`-th value stands, blank lines not counted. */
export async function lineOfValue(
  bytes: ReadableStream<Uint8Array>,
  record: number,
): Promise<number | undefined> {
  let seen = 0;
  for await (const { number, text } of numberedLines(bytes)) {
    if (text.trim() !== "" && ++seen === record) return number;
  }
  return undefined;
}

/** The first line that is no JSON, of those with the `from`-th to the `to`-th value; blank lines are not counted. */
export async function badJsonLine(
  bytes: ReadableStream<Uint8Array>,
  range: { from: number; to: number },
): Promise<number | undefined> {
  let seen = 0;
  for await (const { number, text } of numberedLines(bytes)) {
    if (text.trim() === "") continue;
    if (++seen > range.to) return undefined;
    if (seen < range.from) continue;
    try {
      JSON.parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) return number;
      throw error;
    }
  }
  return undefined;
}
