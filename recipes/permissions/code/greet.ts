/** The `function` step of narrowed.yaml: it reads a file and a variable that the recipe names for it. */
const countries: Record<string, string> = JSON.parse(
  await Deno.readTextFile(new URL("../countries.json", import.meta.url)),
);

/** Keeps the id, and adds a greeting that names the country. */
export function greet(rows: Record<string, unknown>[]): Record<string, unknown>[] {
  const greeting = Deno.env.get("SHOP_GREETING") ?? "Hello";
  return rows.map(({ id, fname, country }) => ({
    id,
    greeting: `${greeting} ${fname} from ${countries[String(country)] ?? country}`,
  }));
}
