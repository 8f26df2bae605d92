import assert from "node:assert/strict";
import { type Clock, ProgressView, useColor } from "../../../src/observe/progress_view.ts";
import { Screen } from "./screen.ts";

/** A clock that stands still until it is moved. */
class TestClock implements Clock {
  time = 1_000_000;
  interval = 0;
  running = true;
  #tick = () => {};

  now(): number {
    return this.time;
  }

  every(milliseconds: number, tick: () => void): () => void {
    this.interval = milliseconds;
    this.#tick = tick;
    return () => this.running = false;
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    if (this.running) this.#tick();
  }
}

function started(screen: Screen, resources: string[] = ["orders"]) {
  const clock = new TestClock();
  const view = new ProgressView(screen, { color: false, clock });
  view.sink({ type: "run_started", time: clock.time, recipe: "shop", runId: "r", resources });
  for (const resource of resources) view.sink({ type: "resource_started", time: clock.time, resource });
  const progress = (rows: number, resource = "orders") =>
    view.sink({ type: "progress", time: clock.time, resource, rows });
  return { clock, view, progress };
}

Deno.test("on a terminal the drawing replaces itself, hides the cursor, and leaves nothing behind", () => {
  const screen = new Screen();
  screen.write("$ dataloader run\n");
  const { clock, view, progress } = started(screen);
  assert.equal(clock.interval, 100);
  assert.equal(screen.cursorVisible, true, "nothing is drawn before the first tick");
  progress(100);
  clock.advance(2000);
  assert.deepEqual(screen.lines, ["$ dataloader run", "› orders  100 rows  50 rows/s  2.0s"]);
  assert.equal(screen.cursorVisible, false);
  progress(400);
  clock.advance(2000);
  assert.deepEqual(screen.lines, ["$ dataloader run", "› orders  400 rows  100 rows/s  4.0s"]);

  view.finish();
  view.finish();
  clock.advance(1000);
  progress(1);
  assert.deepEqual(screen.lines, ["$ dataloader run"]);
  assert.equal(screen.cursorVisible, true);
  assert.equal(clock.running, false);
});

Deno.test("logs go above the drawing, and straight through once it is finished", () => {
  const screen = new Screen();
  const { clock, view } = started(screen);
  view.above.write("before\n");
  clock.advance(1000);
  view.above.write("first\n");
  view.above.write("second without an end");
  assert.deepEqual(screen.lines, ["before", "first", "second without an end", "› orders  0 rows  1.0s"]);
  view.finish();
  view.above.write("after\n");
  assert.deepEqual(screen.lines, ["before", "first", "second without an end", "after"]);
});

Deno.test("a terminal made narrower while drawing leaves no rests", () => {
  const screen = new Screen(100);
  screen.write("$ dataloader run\n");
  const { clock, view, progress } = started(screen, ["orders", "customers"]);
  progress(123_456);
  clock.advance(5000);
  assert.equal(screen.lines.length, 4);
  screen.resize(20);
  assert.ok(screen.lines.length > 4, "the lines wrapped");
  clock.advance(100);
  assert.deepEqual(screen.lines.map((line) => line.length <= 19), [true, true, true, true]);
  screen.resize(80);
  clock.advance(100);
  view.finish();
  assert.deepEqual(screen.lines, ["$ dataloader run"]);
});

Deno.test("a terminal that does not know its size is taken for 80 columns", () => {
  const screen = new Screen(200);
  screen.size = () => ({ columns: 0, rows: 0 });
  const { clock, view, progress } = started(screen);
  progress(5);
  clock.advance(1000);
  assert.deepEqual(screen.lines, ["› orders  5 rows  5 rows/s  1.0s"]);
  view.finish();
});

Deno.test("elsewhere there are plain lines every five seconds, for what is running", () => {
  const screen = new Screen(80, 24, false);
  const { clock, view, progress } = started(screen, ["orders", "customers"]);
  assert.equal(clock.interval, 5000);
  progress(1_200_000);
  view.sink({
    type: "resource_finished",
    time: clock.time,
    resource: "customers",
    status: "succeeded",
    durationMs: 1,
  });
  clock.advance(5000);
  view.above.write("a log line\n");
  clock.advance(5000);
  view.finish();
  assert.equal(
    screen.raw,
    "orders: 1.2 M rows, 240 k rows/s, 5.0s\na log line\norders: 1.2 M rows, 120 k rows/s, 10s\n",
  );
});

Deno.test("a process that ends without finish shows the cursor again", async () => {
  const view = new URL("../../../src/observe/progress_view.ts", import.meta.url).href;
  const code = `
    import { ProgressView } from ${JSON.stringify(view)};
    const writer = {
      isTerminal: true,
      size: () => ({ columns: 80, rows: 24 }),
      write: (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
    };
    const view = new ProgressView(writer, { color: false, redrawMs: 1 });
    view.sink({ type: "run_started", time: Date.now(), recipe: "r", runId: "r", resources: ["orders"] });
    setTimeout(() => Deno.exit(3), 50);
  `;
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--ext=ts", code],
    cwd: new URL(".", import.meta.url),
  }).output();
  const text = new TextDecoder().decode(output.stdout);
  assert.equal(output.code, 3, new TextDecoder().decode(output.stderr));
  assert.ok(text.includes("\x1b[?25l") && text.endsWith("\x1b[J\x1b[?25h"), JSON.stringify(text));
});

const colors: [isTerminal: boolean, env: Record<string, string>, color: boolean][] = [
  [true, {}, true],
  [true, { NO_COLOR: "" }, true],
  [true, { NO_COLOR: "1" }, false],
  [true, { TERM: "dumb" }, false],
  [false, {}, false],
];
for (const [isTerminal, env, color] of colors) {
  Deno.test(`colour with ${JSON.stringify({ isTerminal, ...env })}: ${color}`, () => {
    assert.equal(useColor(isTerminal, new Map(Object.entries(env))), color);
  });
}
