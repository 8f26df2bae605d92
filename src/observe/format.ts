/** Numbers for people. */

const COUNT_UNITS = ["", " k", " M", " G", " T", " P"];
const BYTE_UNITS = [" B", " kB", " MB", " GB", " TB", " PB"];

/** A count: `0`, `9,876`, `12.3 k`, `1.2 M`, `350 M`. Up to 9,999 it is exact. */
export function formatCount(count: number): string {
  if (count < 10_000) return grouped(Math.round(count));
  return scaled(count, COUNT_UNITS);
}

/** A size in bytes, with decimal units: `512 B`, `1.5 kB`, `350 MB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, BYTE_UNITS);
}

/** A duration in milliseconds: `85ms`, `4.2s`, `12s`, `1m 04s`, `3h 05m`, `2d 04h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)}s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${twoDigits(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${twoDigits(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d ${twoDigits(hours % 24)}h`;
}

/** A part of one: `42%`. Never `100%` before all is done. */
export function formatPercent(fraction: number): string {
  const percent = Math.floor(Math.min(1, Math.max(0, fraction)) * 100 + 1e-9);
  return `${percent}%`;
}

/** Three digits that count, and the unit: 1.2, 35, 350. A value that rounds up to 1,000 takes the next unit. */
function scaled(value: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : 1;
  return `${digits === 0 ? Math.round(rest) : rest.toFixed(digits).replace(/\.0$/, "")}${units[unit]}`;
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/, ",");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
