/** Which permission covers which. Pure; paths of POSIX and of Windows. */
import type { Access } from "../sdk/mod.ts";

/** Whether a permission for `entry` allows `value`. */
export function covers(kind: Access["kind"], entry: string, value: string): boolean {
  if (kind === "env") return entry === value;
  if (kind === "net") return coversHost(entry, value);
  return isBelow(entry, value);
}

/** True for a path that is the folder, or stands below it. */
export function isBelow(folder: string, path: string): boolean {
  const [above, below] = [clean(folder), clean(path)];
  return below === above || below.startsWith(above.endsWith("/") ? above : `${above}/`);
}

function coversHost(entry: string, value: string): boolean {
  const [allowed, asked] = [splitHost(entry), splitHost(value)];
  return allowed.host === asked.host && (allowed.port === undefined || allowed.port === asked.port);
}

/** Host and port of `host:port`, `[::1]:5432` or a host alone. */
export function splitHost(text: string): { host: string; port?: string } {
  const found = /^(.*?)(?::(\d+))?$/.exec(text)!;
  const host = text.startsWith("[") || !found[1]!.includes(":") ? found[1]! : text;
  return { host: host.toLowerCase(), port: host === text ? undefined : found[2] };
}

/** One form for a path: `/` between parts, no `.`, `..` or trailing `/`. */
export function clean(path: string): string {
  const text = /^[a-z]:[\\/]|^\\\\/i.test(path) ? path.replaceAll("\\", "/") : path;
  const root = /^([a-z]:\/|\/\/?|)/i.exec(text)![0];
  const parts: string[] = [];
  for (const part of text.slice(root.length).split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "" && part !== "." && !(part === ".." && root !== "")) parts.push(part);
  }
  return root + parts.join("/") || ".";
}
