/** The command line of dataloader. Answers `version` before anything heavy is imported. */
import "./src/cli/packages.ts";
import { VERSION } from "./src/version.ts";

if (import.meta.main) {
  const [first, ...rest] = Deno.args;
  if (rest.length === 0 && (first === "version" || first === "--version" || first === "-V")) {
    await Deno.stdout.write(new TextEncoder().encode(`dataloader ${VERSION}\n`));
  } else {
    const { runWithoutPrompts } = await import("./src/cli/without_prompts.ts");
    const code = await runWithoutPrompts(Deno.args);
    if (code !== undefined) Deno.exit(code);
    const { start } = await import("./src/cli/start.ts");
    await start(Deno.args);
  }
}
