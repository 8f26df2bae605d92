import assert from "node:assert/strict";
import fc from "fast-check";
import { createSession } from "../../../src/batch/mod.ts";
import {
  formatDate,
  formatDatetime,
  formatDecimal,
  formatInterval,
  formatTime,
  formatUuid,
  parseDate,
  parseDatetime,
  parseDecimal,
  parseInterval,
  parseTime,
  parseUuid,
} from "../../../src/batch/text_values.ts";

Deno.test("values are written as DuckDB casts them to text", async () => {
  await using session = await createSession();
  const day = fc.oneof(
    fc.integer({ min: -1_500_000, max: 3_000_000 }),
    fc.integer({ min: -100_000_000, max: 100_000_000 }),
  );
  const time = fc.bigInt({ min: 0n, max: 86_400_000_000n });
  const micros = fc.oneof(
    fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    fc.bigInt({ min: -9_000_000_000_000_000_000n, max: 9_000_000_000_000_000_000n }),
  );
  const interval = fc.record({
    months: fc.integer(),
    days: fc.integer(),
    micros: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
  });
  const cases = fc.array(fc.tuple(day, time, micros, interval), { minLength: 400, maxLength: 400 });
  const [samples] = fc.sample(cases, 1);
  const values = samples!.map(([d, t, m, i]) =>
    `(DATE '1970-01-01' + ${d}, TIME '00:00' + to_microseconds(${t}), make_timestamp(${m}), ` +
    `to_months(${i.months}) + to_days(${i.days}) + to_microseconds(${i.micros}), ${t})`
  );
  const rows = await session.query<Record<string, string>>(
    `SELECT CAST(CAST(a AS DATE) AS VARCHAR) AS d, CAST(b AS VARCHAR) AS t, CAST(c AS VARCHAR) AS m, ` +
      `CAST(CAST(c AS TIMESTAMPTZ) AS VARCHAR) AS z, CAST(i AS VARCHAR) AS i FROM (VALUES ${
        values.join(", ")
      }) v(a, b, c, i, n)`,
  );
  rows.forEach((row, index) => {
    const [days, , instant, parts] = samples![index]!;
    assert.equal(formatDate(days), row.d);
    assert.equal(formatDatetime(instant, false), row.m);
    assert.equal(formatDatetime(instant, true), row.z);
    assert.equal(formatInterval(parts), row.i);
    // TIME + INTERVAL wraps at midnight, so 24:00:00 is compared below.
    if (samples![index]![1] < 86_400_000_000n) assert.equal(formatTime(samples![index]![1]), row.t);
  });
  assert.equal(formatTime(86_400_000_000n), "24:00:00");
});

Deno.test("what is written is read back", () => {
  fc.assert(fc.property(fc.integer({ min: -2147483647, max: 2147483647 }), (days) => {
    assert.equal(parseDate(formatDate(days)), days);
  }));
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), fc.boolean(), (micros, tz) => {
      assert.equal(parseDatetime(formatDatetime(micros, tz), tz), micros);
    }),
  );
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 86_400_000_000n }), (micros) => {
    assert.equal(parseTime(formatTime(micros)), micros);
  }));
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      (months, days, micros) => {
        assert.deepEqual(parseInterval(formatInterval({ months, days, micros })), { months, days, micros });
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
      fc.nat(38),
      (unscaled, scale) => {
        assert.equal(parseDecimal(formatDecimal(unscaled, scale), 38, scale), unscaled);
      },
    ),
  );
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
    assert.deepEqual(parseUuid(formatUuid(bytes)), bytes);
  }));
});

Deno.test("texts that are read, and texts that are not", () => {
  const cases: [unknown, unknown][] = [
    [parseDate("2024-02-29"), 19782],
    [parseDate("2023-02-29"), undefined],
    [parseDate("2024-13-01"), undefined],
    [parseDate("0000-01-01"), undefined],
    [parseDate("2024-1-1"), undefined],
    [parseDate("2024-01-01 00:00:00"), undefined],
    [parseDatetime("1970-01-01", false), 0n],
    [parseDatetime("1970-01-01T00:00:01Z", true), 1_000_000n],
    [parseDatetime("1970-01-01 02:00:00+02", true), 0n],
    [parseDatetime("1970-01-01 00:00:00-01:30", true), 5_400_000_000n],
    [parseDatetime("1970-01-01 00:00:00.123456000", true), 123_456n],
    // More than microseconds would be lost.
    [parseDatetime("1970-01-01 00:00:00.1234567", true), undefined],
    // A wall-clock time is never shifted.
    [parseDatetime("1970-01-01 02:00:00+02", false), undefined],
    [parseDatetime("1970-01-01 25:00:00", false), undefined],
    [parseDatetime("400000-01-01 00:00:00", false), undefined],
    [parseTime("24:00:00"), 86_400_000_000n],
    [parseTime("24:00:00.000001"), undefined],
    [parseTime("12:60:00"), undefined],
    [parseTime("07:05"), 25_500_000_000n],
    [parseDecimal("1.250", 10, 2), 125n],
    [parseDecimal("1.255", 10, 2), undefined],
    [parseDecimal("-0.5", 10, 2), -50n],
    [parseDecimal("1e3", 10, 2), 100_000n],
    [parseDecimal("12e-2", 10, 2), 12n],
    [parseDecimal("100", 4, 2), undefined],
    [parseDecimal(".", 4, 2), undefined],
    [parseDecimal("", 4, 2), undefined],
    [parseDecimal("0x10", 4, 2), undefined],
    [parseInterval(""), undefined],
    [parseInterval("2 mons"), { months: 2, days: 0, micros: 0n }],
    [parseInterval("1 fortnight"), undefined],
    [parseUuid("00000000-0000-0000-0000-00000000000g"), undefined],
  ];
  for (const [index, [found, expected]] of cases.entries()) {
    assert.deepEqual(found, expected, `case ${index}`);
  }
});
