/** A process of its own for the tests that kill one: `hold <file>`, `load <config> <request> <batches> <rows>`, `die <config>`. */
import { createSession } from "../../../../src/batch/mod.ts";
import { loadRequest, openDestination, position, stateAt, withSession, write } from "./helpers.ts";

const [command, ...args] = Deno.args;

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

/** Keeps a database file for itself until it is killed. */
async function hold(database: string): Promise<void> {
  const session = await createSession();
  await session.attach(database, { readOnly: false });
  await say("held");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

/** A run: goes on from the destination's position, batch by batch, and commits. Says how far it is. */
async function load(config: string, request: string, batches: number, rows: number): Promise<void> {
  const wanted = loadRequest(JSON.parse(request));
  const runId = "run-1";
  await withSession(async (session) => {
    const opened = await (await openDestination(session, JSON.parse(config))).openLoad(wanted);
    const before = await opened.resume();
    let sequence = before?.sequence ?? 0;
    await say("ready");
    for (let batch = Number(before?.state.cursor_values.c ?? 0); batch < batches; batch++) {
      const select = `SELECT range + ${
        batch * rows / 2
      } AS id, 'v' || range AS v, ${batch} AS batch FROM range(${rows})`;
      await write(
        session,
        opened,
        select,
        position(++sequence, { runId, state: stateAt(String(batch + 1)) }),
      );
      await say("batch");
    }
    await opened.commit(position(++sequence, { runId, complete: true, state: stateAt(String(batches)) }));
    await say("done");
  });
}

/** Dies by its own hand right behind a commit. */
async function die(config: string): Promise<void> {
  await withSession(async (session) => {
    const opened = await (await openDestination(session, JSON.parse(config))).openLoad(loadRequest());
    await write(session, opened, "SELECT range AS id FROM range(1000)", position(1));
    Deno.kill(Deno.pid, "SIGKILL");
  });
}

if (command === "hold") await hold(args[0]!);
if (command === "load") await load(args[0]!, args[1]!, Number(args[2]), Number(args[3]));
if (command === "die") await die(args[0]!);
