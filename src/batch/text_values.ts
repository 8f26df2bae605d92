/**
 * Dates, times, intervals, decimals and UUIDs as text, in the form DuckDB casts them to and from. Days count from
 * 1970-01-01, times and datetimes are microseconds.
 */

const DAY_MICROS = 86_400_000_000n;
const INT64_MAX = 2n ** 63n - 1n;
const DAYS_INFINITY = 2147483647;

/** `2024-05-01`, `0044-03-15 (BC)`, `infinity`. */
export function formatDate(days: number): string {
  if (days === DAYS_INFINITY) return "infinity";
  if (days === -DAYS_INFINITY) return "-infinity";
  const { year, month, day } = civil(days);
  const text = `${pad(year > 0 ? year : 1 - year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return year > 0 ? text : `${text} (BC)`;
}

/** `12:34:56.5`: the fraction without zeros at its end. */
export function formatTime(micros: bigint): string {
  const seconds = micros / 1_000_000n;
  const fraction = Number(micros % 1_000_000n);
  const text = [seconds / 3600n, seconds / 60n % 60n, seconds % 60n].map((part) => pad(Number(part), 2)).join(
    ":",
  );
  return fraction === 0 ? text : `${text}.${pad(fraction, 6).replace(/0+$/, "")}`;
}

/** `2024-05-01 12:34:56.5`, with `+00` behind it for an instant. */
export function formatDatetime(micros: bigint, tz: boolean): string {
  if (micros === INT64_MAX) return "infinity";
  if (micros === -INT64_MAX) return "-infinity";
  const days = floorDivide(micros, DAY_MICROS);
  const date = formatDate(Number(days));
  return `${date} ${formatTime(micros - days * DAY_MICROS)}${tz ? "+00" : ""}`;
}

/** `1 year 2 months 3 days 04:05:06.5`. */
export function formatInterval({ months, days, micros }: IntervalParts): string {
  const parts: string[] = [];
  const add = (count: number, unit: string) => {
    if (count !== 0) parts.push(`${count} ${unit}${Math.abs(count) === 1 ? "" : "s"}`);
  };
  add(Math.trunc(months / 12), "year");
  add(months % 12, "month");
  add(days, "day");
  if (micros !== 0n || parts.length === 0) {
    parts.push(`${micros < 0n ? "-" : ""}${formatTime(micros < 0n ? -micros : micros)}`);
  }
  return parts.join(" ");
}

export interface IntervalParts {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

/** `-12.30` from -1230 with scale 2. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** `5e8c…`: 16 bytes as 32 digits in five groups. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const DATE = String.raw`(\d{4,7})-(\d\d)-(\d\d)( \(BC\))?`;
const TIME = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?`;
const ZONE = String.raw`(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)`;

/** Undefined where the text is no date. */
export function parseDate(text: string): number | undefined {
  if (text === "infinity") return DAYS_INFINITY;
  if (text === "-infinity") return -DAYS_INFINITY;
  const found = new RegExp(`^${DATE}$`).exec(text);
  return found === null ? undefined : dateOf(found.slice(1, 5));
}

export function parseTime(text: string): bigint | undefined {
  const found = new RegExp(`^${TIME}$`).exec(text);
  return found === null ? undefined : timeOf(found.slice(1, 5));
}

/** A zone is read with `tz` and refused without; an instant that names none is in UTC. */
export function parseDatetime(text: string, tz: boolean): bigint | undefined {
  if (text === "infinity") return INT64_MAX;
  if (text === "-infinity") return -INT64_MAX;
  const found = new RegExp(`^${DATE}(?:[ T]${TIME})?\\s*${ZONE}?$`).exec(text);
  if (found === null || (found[9] !== undefined && !tz)) return undefined;
  const days = dateOf(found.slice(1, 5));
  const time = found[5] === undefined ? 0n : timeOf(found.slice(5, 9));
  if (days === undefined || time === undefined) return undefined;
  const micros = BigInt(days) * DAY_MICROS + time - zoneOf(found[9]);
  return micros === BigInt.asIntN(64, micros) && micros !== INT64_MAX ? micros : undefined;
}

export function parseInterval(text: string): IntervalParts | undefined {
  const found =
    /^(?:(-?\d+) years?\s*)?(?:(-?\d+) mon(?:th)?s?\s*)?(?:(-?\d+) days?\s*)?(?:(-?)(\d{2,10}):(\d\d):(\d\d)(?:\.(\d{1,6})0*)?)?$/
      .exec(text.trim());
  if (found === null || text.trim() === "") return undefined;
  const months = Number(found[1] ?? 0) * 12 + Number(found[2] ?? 0);
  const days = Number(found[3] ?? 0);
  let micros = 0n;
  if (found[5] !== undefined) {
    micros = (BigInt(found[5]) * 3600n + BigInt(found[6]!) * 60n + BigInt(found[7]!)) * 1_000_000n;
    micros += BigInt((found[8] ?? "").padEnd(6, "0"));
    if (found[4] === "-") micros = -micros;
  }
  const fits = months === (months | 0) && days === (days | 0) && micros === BigInt.asIntN(64, micros);
  return fits ? { months, days, micros } : undefined;
}

/** The number without its point, or undefined where it is none, or has more digits than the type. */
export function parseDecimal(text: string, precision: number, scale: number): bigint | undefined {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (found === null || (found[2] === "" && (found[3] ?? "") === "")) return undefined;
  const shift = Number(found[4] ?? 0) + scale - (found[3] ?? "").length;
  let unscaled = BigInt(`${found[2]}${found[3] ?? ""}`);
  if (shift >= 0) {
    unscaled *= 10n ** BigInt(shift);
  } else {
    const divisor = 10n ** BigInt(-shift);
    if (unscaled % divisor !== 0n) return undefined;
    unscaled /= divisor;
  }
  if (unscaled >= 10n ** BigInt(precision)) return undefined;
  return found[1] === "-" ? -unscaled : unscaled;
}

export function parseUuid(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) return undefined;
  return Uint8Array.from(text.replaceAll("-", "").match(/../g)!, (pair) => parseInt(pair, 16));
}

function dateOf([year, month, day, bc]: (string | undefined)[]): number | undefined {
  const civilYear = bc === undefined ? Number(year) : 1 - Number(year);
  const days = daysOf(civilYear, Number(month), Number(day));
  const back = civil(days);
  const exists = back.year === civilYear && back.month === Number(month) && back.day === Number(day);
  return exists && days === (days | 0) && Number(year) > 0 ? days : undefined;
}

function timeOf([hours, minutes, seconds = "0", fraction = ""]: (string | undefined)[]): bigint | undefined {
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  const micros = BigInt(h * 3600 + m * 60 + s) * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
  return m < 60 && s < 60 && micros <= DAY_MICROS ? micros : undefined;
}

function zoneOf(zone: string | undefined): bigint {
  if (zone === undefined || zone === "Z") return 0n;
  const [hours, minutes = "0", seconds = "0"] = zone.slice(1).match(/\d\d/g)!;
  const micros = BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000n;
  return zone.startsWith("-") ? -micros : micros;
}

// Days and dates of the proleptic Gregorian calendar: howardhinnant.github.io/date_algorithms.html
function civil(days: number): { year: number; month: number; day: number } {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return {
    year: yoe + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: doy - Math.floor((153 * mp + 2) / 5) + 1,
  };
}

function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy;
  return era * 146097 + doe - 719468;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
