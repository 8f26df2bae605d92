import assert from "node:assert/strict";
import { checkPositionKind } from "../../../src/engine/position_kind.ts";
import { decideStart } from "../../../src/engine/resume.ts";
import {
  DataLoaderError,
  EMPTY_SOURCE_STATE,
  emptyState,
  type Incremental,
  type Position,
  type SourceState,
  type State,
} from "../../../src/sdk/mod.ts";

const at = (value: string): SourceState => ({ ...EMPTY_SOURCE_STATE, cursor_values: { id: value } });
const done = (n: number): SourceState => ({ ...EMPTY_SOURCE_STATE, checkpoints: [{ done: n }] });
const position = (p: Partial<Position>): Position => ({
  runId: "old",
  sequence: 5,
  complete: true,
  plan: "p1",
  state: at("5"),
  ...p,
});
const saved = (s: Partial<State>): State => ({
  ...emptyState("r"),
  revision: 3,
  sequence: 5,
  ...at("5"),
  ...s,
});
const base = {
  incremental: true,
  mode: "append" as const,
  fullRefresh: false,
  positionless: false,
  plan: "p1",
  source: "here",
  newRunId: "new",
};

Deno.test("a first run starts from nothing", () => {
  const start = decideStart(base);
  assert.deepEqual(start, {
    runId: "new",
    resumed: false,
    finished: false,
    sequence: 0,
    state: EMPTY_SOURCE_STATE,
    notes: [],
  });
});

Deno.test("the destination is the truth: ahead of the state", () => {
  const start = decideStart({
    ...base,
    state: saved({}),
    committed: position({ sequence: 7, state: at("7") }),
  });
  assert.deepEqual(start.state, at("7"));
  assert.equal(start.sequence, 7);
  assert.equal(start.runId, "new");
});

Deno.test("the destination is the truth: behind the state, and it says so", () => {
  const start = decideStart({
    ...base,
    state: saved({}),
    committed: position({ sequence: 3, state: at("3") }),
  });
  assert.deepEqual(start.state, at("3"));
  assert.equal(start.sequence, 5, "the next sequence is still higher than any before");
  assert.equal(start.notes.length, 1);
});

Deno.test("the state may be lost", () => {
  assert.deepEqual(decideStart({ ...base, committed: position({}) }).state, at("5"));
});

Deno.test("a destination without a record is no place to go on from", () => {
  assert.throws(
    () => decideStart({ ...base, state: saved({}) }),
    (error) => error instanceof DataLoaderError && error.code === "POSITION_LOST" && error.hint !== undefined,
  );
  assert.deepEqual(decideStart({ ...base, positionless: true, state: saved({}) }).state, at("5"));
  assert.deepEqual(decideStart({ ...base, incremental: false, state: saved({}) }).state, EMPTY_SOURCE_STATE);
});

Deno.test("a state set by a person is believed", () => {
  const start = decideStart({
    ...base,
    state: saved({ origin: "user", ...at("1") }),
    committed: position({}),
  });
  assert.deepEqual(start.state, at("1"));
  assert.equal(start.sequence, 5);
});

Deno.test("a run that was cut off is taken up", () => {
  const committed = position({ runId: "cut", complete: false, state: done(2) });
  for (const incremental of [true, false]) {
    const start = decideStart({ ...base, incremental, committed });
    assert.equal(start.runId, "cut");
    assert.equal(start.resumed, true);
    assert.deepEqual(start.state, done(2));
  }
});

Deno.test("a staged overwrite of another plan is not taken up; an append is, with a word", () => {
  const committed = position({ runId: "cut", complete: false, plan: "p0", state: done(2) });
  const overwrite = decideStart({
    ...base,
    incremental: false,
    mode: "overwrite",
    committed: { ...committed, staged: true },
  });
  assert.deepEqual([overwrite.runId, overwrite.resumed, overwrite.state], ["new", false, EMPTY_SOURCE_STATE]);
  const append = decideStart({ ...base, incremental: false, committed });
  assert.deepEqual([append.runId, append.resumed, append.notes.length], ["cut", true, 1]);
});

Deno.test("an append of everything that had committed all is finished, not done again", () => {
  const in_flight = { run_id: "old", started_at: "2024-01-01T00:00:00Z", plan: "p1" };
  const cut = decideStart({
    ...base,
    incremental: false,
    state: saved({ in_flight }),
    committed: position({}),
  });
  assert.deepEqual([cut.finished, cut.runId], [true, "old"]);
  const again = decideStart({ ...base, incremental: false, state: saved({}), committed: position({}) });
  assert.deepEqual([again.finished, again.runId], [false, "new"]);
});

Deno.test("--full-refresh forgets it all", () => {
  const start = decideStart({
    ...base,
    fullRefresh: true,
    state: saved({ origin: "user" }),
    committed: position({ complete: false }),
  });
  assert.deepEqual([start.runId, start.resumed, start.state], ["new", false, EMPTY_SOURCE_STATE]);
  assert.equal(start.sequence, 5);
});

Deno.test("a state set by a person is used once: not again after a run from it was cut off", () => {
  const state = saved({ origin: "user", revision: 9, ...at("1") });
  const used = decideStart({
    ...base,
    state,
    committed: position({ sequence: 6, basis: 9, state: at("8") }),
  });
  assert.deepEqual(used.state, at("8"));
  const other = decideStart({
    ...base,
    state,
    committed: position({ sequence: 6, basis: 8, state: at("8") }),
  });
  assert.deepEqual(other.state, at("1"));
});

Deno.test("a position of another source is not gone on from", () => {
  const committed = position({ source: "there" });
  for (const complete of [true, false]) {
    assert.throws(
      () => decideStart({ ...base, describesData: true, committed: { ...committed, complete } }),
      (error) =>
        error instanceof DataLoaderError && error.code === "SOURCE_CHANGED" &&
        /there.*here/.test(error.message),
    );
    const same = decideStart({
      ...base,
      describesData: true,
      committed: { ...committed, complete, source: "here" },
    });
    assert.deepEqual([same.notes, same.state], [[], at("5")]);
  }
  // Accepted, loaded anew, or of each file by itself.
  assert.deepEqual(
    decideStart({ ...base, describesData: true, committed, state: saved({ origin: "user" }) }).state,
    at("5"),
  );
  assert.deepEqual(
    decideStart({ ...base, describesData: true, committed, fullRefresh: true }).state,
    EMPTY_SOURCE_STATE,
  );
  assert.deepEqual(decideStart({ ...base, describesData: true, committed, byFile: true }).state, at("5"));
  // What another plan has staged is thrown away in any case.
  const staged = position({ source: "there", complete: false, staged: true, plan: "p0" });
  assert.deepEqual(
    decideStart({ ...base, describesData: true, committed: staged }).state,
    EMPTY_SOURCE_STATE,
  );
  // What a plug-in says of its source may be another text each day.
  const told = decideStart({ ...base, committed });
  assert.deepEqual([told.state, told.notes.length], [at("5"), 1]);
});

Deno.test("an append of everything from another source is none of the run that was cut off", () => {
  const state = saved({ in_flight: { run_id: "old", started_at: "", plan: "p1" } });
  const start = decideStart({ ...base, incremental: false, state, committed: position({ source: "there" }) });
  assert.deepEqual([start.finished, start.runId], [false, "new"]);
});

Deno.test("a position that was never committed is gone on from; one of another destination is not", () => {
  const start = decideStart({ ...base, state: saved({ sequence: 0 }) });
  assert.deepEqual([start.state, start.sequence], [at("5"), 0]);
});

Deno.test("a position of another column or strategy is refused, or told where rows are merged", () => {
  const by = (strategy: Incremental["strategy"], cursorColumn?: string): Incremental => ({
    strategy,
    cursorColumn,
    onNull: "error",
    order: "none",
  });
  const files = { ...EMPTY_SOURCE_STATE, metadata: { files: { "a.csv": [1, 2] } } };
  const watermark = { ...EMPTY_SOURCE_STATE, watermarks: { id: "5" } };
  const cases: [SourceState, Incremental | undefined, boolean][] = [
    [at("5"), by("cursor", "id"), true],
    [at("5"), by("timestamp", "id"), true],
    [at("5"), by("cursor", "other"), false],
    [at("5"), by("watermark", "id"), false],
    [at("5"), by("modified_time"), false],
    [watermark, by("watermark", "id"), true],
    [watermark, by("cursor", "id"), false],
    [files, by("modified_time"), true],
    [files, by("cursor", "id"), false],
    [EMPTY_SOURCE_STATE, by("cursor", "id"), true],
    [at("5"), undefined, true],
    [at("5"), by("custom"), true],
  ];
  for (const [state, incremental, fits] of cases) {
    const append = () => checkPositionKind(state, { incremental, mode: "append" });
    if (fits) assert.equal(append(), undefined);
    else assert.throws(append, { code: "POSITION_OF_ANOTHER" });
    assert.equal(checkPositionKind(state, { incremental, mode: "merge" }) === undefined, fits);
  }
});
