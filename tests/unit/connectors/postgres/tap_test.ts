/** Messages of the server, cut anywhere: rows go to the sink, all else to the driver, in order. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { CellTable } from "../../../../src/connectors/postgres/cells.ts";
import type { Socket } from "../../../../src/connectors/postgres/socket.ts";
import { CopyBuffer, Tap } from "../../../../src/connectors/postgres/tap.ts";

function message(type: string, body: number[]): number[] {
  const length = body.length + 4;
  return [
    type.charCodeAt(0),
    length >> 24 & 255,
    length >> 16 & 255,
    length >> 8 & 255,
    length & 255,
    ...body,
  ];
}

const HEADER = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const row = (value: number) => [0, 1, 0, 0, 0, 1, value];
/** An answer before, the rows of a COPY (one of them with a notice behind it), and what follows. */
const BEFORE = [...message("H", [1, 0, 1, 0, 1]), ...message("S", [1, 2, 3])];
const ROWS = [
  ...message("d", [...HEADER, ...row(7)]),
  ...message("d", row(8)),
];
const NOTICE = message("N", [9, 9]);
const MORE = [...message("d", row(9)), ...message("d", [255, 255])];
const AFTER = [...message("c", []), ...message("C", [67, 0]), ...message("Z", [73])];
const ALL = [...BEFORE, ...ROWS, ...NOTICE, ...MORE, ...AFTER];

/** Sends bytes in pieces, and returns what came out at each end. */
function send(pieces: readonly number[][]): { driver: number[]; rows: number[]; calls: number } {
  const socket = new EventEmitter() as unknown as Socket;
  const driver: number[] = [];
  socket.on("data", (bytes: Uint8Array) => driver.push(...bytes));
  const tap = new Tap(socket);
  const buffer = new CopyBuffer();
  const cells = new CellTable(1);
  const rows: number[] = [];
  let calls = 0;
  tap.sink = {
    buffer,
    received: () => {
      calls++;
      for (let at = 0; at < buffer.count;) {
        at = cells.fill(buffer, at);
        const { bytes, starts, from, count } = cells.column(0);
        for (let i = 0; i < count; i++) rows.push(bytes[starts[from + i]!]!);
      }
      buffer.drop();
    },
  };
  for (const piece of pieces) socket.emit("data", Uint8Array.from(piece));
  return { driver, rows, calls };
}

Deno.test("rows and other messages part, however the bytes are cut", () => {
  const others = [...BEFORE, ...NOTICE, ...AFTER];
  for (let first = 0; first <= ALL.length; first++) {
    for (let second = first; second <= ALL.length; second += 3) {
      const pieces = [ALL.slice(0, first), ALL.slice(first, second), ALL.slice(second)];
      const { driver, rows } = send(pieces.filter((piece) => piece.length > 0));
      assert.deepEqual(rows, [7, 8, 9], `cut at ${first} and ${second}`);
      assert.deepEqual(driver, others, `cut at ${first} and ${second}`);
    }
  }
  const { driver, rows } = send(ALL.map((byte) => [byte]));
  assert.deepEqual([rows, driver], [[7, 8, 9], others]);
});

Deno.test("without a sink everything is the driver's", () => {
  const socket = new EventEmitter() as unknown as Socket;
  const driver: number[] = [];
  socket.on("data", (bytes: Uint8Array) => driver.push(...bytes));
  new Tap(socket);
  for (let at = 0; at < ALL.length; at += 4) socket.emit("data", Uint8Array.from(ALL.slice(at, at + 4)));
  assert.deepEqual(driver, ALL);
});

Deno.test("several rows in one message are read; bytes that are no rows are refused", () => {
  const table = (bodies: number[][]) => {
    const buffer = new CopyBuffer();
    for (const body of bodies) {
      buffer.begin(buffer.length, buffer.length + body.length);
      buffer.append(Uint8Array.from(body), 0, body.length);
      buffer.complete();
    }
    const cells = new CellTable(1);
    cells.fill(buffer, 0);
    return cells.rows;
  };
  assert.equal(table([[...HEADER], [...row(1), ...row(2), ...row(3)], [255, 255]]), 3);
  for (
    const bad of [
      [[...row(1)]],
      [[...HEADER, 0, 2, 0, 0, 0, 1, 5, 0, 0, 0, 1, 5]],
      [[...HEADER, 0, 1, 0, 0, 0, 9, 5]],
      [[...HEADER, 255, 255], row(1)],
    ]
  ) {
    assert.throws(() => table(bad), { code: "PROTOCOL_ERROR" });
  }
});
