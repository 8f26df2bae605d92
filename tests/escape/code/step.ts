/** The `function` step of the escape recipe: tries everything and gives a row for each attempt. */
import { attempts, type Places } from "./attempts.ts";

export interface Outcome {
  readonly attempt: string;
  readonly escaped: boolean;
  readonly detail: string;
}

export async function tryAll(
  _rows: readonly unknown[],
  { params }: { params: { places: Places } },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [attempt, run] of Object.entries(attempts)) {
    try {
      outcomes.push({ attempt, escaped: await run(params.places) === true, detail: "" });
    } catch (error) {
      const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      outcomes.push({ attempt, escaped: false, detail });
    }
  }
  // What the recipe names works: walls that keep everything in would prove nothing.
  const { places } = params;
  outcomes.push({
    attempt: "allowed: variable",
    escaped: Deno.env.get("ESCAPE_ALLOWED") === "shown" && globalThis.process.env.ESCAPE_ALLOWED === "shown",
    detail: "",
  });
  const answer = await (await fetch(`http://127.0.0.1:${places.allowed}/`)).text();
  outcomes.push({ attempt: "allowed: host", escaped: answer === "reached", detail: answer });
  const own = await Deno.readTextFile(places.module);
  outcomes.push({ attempt: "allowed: module", escaped: own.includes("tryAll"), detail: "" });
  return outcomes;
}
