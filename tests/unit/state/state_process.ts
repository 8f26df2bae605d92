/** A process for the tests of several processes: `state_process.ts <directory> save|lock|count|forever [times]`. */
import { LocalStateBackend } from "../../../src/state/mod.ts";
import { emptyState, StateError } from "../../../src/sdk/mod.ts";

const [directory, what, times] = Deno.args as [string, string, string | undefined];
const backend = new LocalStateBackend(directory);

/** Waits for the line that the test sends to all processes at once. */
async function waitForGo(): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode("ready\n"));
  await Deno.stdin.read(new Uint8Array(16));
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

async function countUp(): Promise<"saved" | string> {
  const state = await backend.load("orders") ?? emptyState("orders");
  const count = Number(state.metadata.count ?? 0) + 1;
  try {
    await backend.save("orders", { ...state, metadata: { count, padding: "x".repeat(20_000) } });
    return "saved";
  } catch (error) {
    if (error instanceof StateError) return error.code;
    throw error;
  }
}

switch (what) {
  case "save": {
    const state = await backend.load("orders") ?? emptyState("orders");
    await waitForGo();
    try {
      const saved = await backend.save("orders", { ...state, cursor_values: { by: Deno.pid } });
      print({ result: "saved", revision: saved.revision, pid: Deno.pid });
    } catch (error) {
      print({ result: error instanceof StateError ? error.code : String(error), pid: Deno.pid });
    }
    break;
  }
  case "lock": {
    await backend.lock("orders");
    await waitForGo();
    break;
  }
  case "count": {
    await waitForGo();
    const results: Record<string, number> = {};
    let saved = 0;
    while (saved < Number(times)) {
      const result = await countUp();
      results[result] = (results[result] ?? 0) + 1;
      if (result === "saved") saved++;
    }
    print(results);
    break;
  }
  case "forever":
    await waitForGo();
    for (;;) await countUp();
}
