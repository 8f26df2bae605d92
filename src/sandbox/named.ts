/**
 * What a plug-in says that it reaches is believed only as far as the recipe names it: a plug-in is code, and its word
 * would else be a way around the walls. Pure.
 */
import { clean, isBelow, type PlannedAccess, splitHost } from "../plan/mod.ts";
import type { Json, JsonObject } from "../sdk/mod.ts";
import { absolute } from "./grants.ts";

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
};

/**
 * Whether the value of the key that an access comes from names what it reaches: that host (and port, where one is named),
 * that path or one below it or beginning with it, that variable. Only a destination is written: who names a file as a source
 * wants it read. `folder` is the recipe's.
 */
export function isNamed(access: PlannedAccess, document: JsonObject, folder: string): boolean {
  if (access.kind === "write" && access.key[0] !== "destination") return false;
  const text = valueAt(document, access.key);
  if (typeof text !== "string" || text === "") return false;
  if (access.kind === "env") return text === access.value;
  if (access.kind === "net") {
    return namesHost(text, access, valueAt(document, [...access.key.slice(0, -1), "port"]));
  }
  if (access.kind === "code") return absolute(text, folder) === absolute(access.value, folder);
  const named = absolute(text, folder);
  const value = absolute(access.value, folder);
  const glob = /[*?[{]/.exec(text);
  if (glob !== null) return isBelow(fixedFolder(named), value) && fixedFolder(named) !== "/";
  return named !== "/" &&
    (isBelow(named, value) || (value.startsWith(named) && !value.slice(named.length).includes("/")));
}

function namesHost(text: string, access: PlannedAccess, portKey: Json | undefined): boolean {
  const asked = splitHost(access.value);
  const url = URL.canParse(text) && text.includes("://") ? new URL(text) : undefined;
  const named = url === undefined
    ? splitHost(text)
    : { host: url.hostname.toLowerCase(), port: url.port || DEFAULT_PORTS[url.protocol] };
  const port = named.port ?? (portKey === undefined || portKey === null ? undefined : String(portKey));
  return named.host !== "" && named.host === asked.host && (port === undefined || port === asked.port);
}

/** The folder before the first part that holds a glob character. */
function fixedFolder(path: string): string {
  const parts = path.split("/");
  const at = parts.findIndex((part) => /[*?[{]/.test(part));
  return clean(parts.slice(0, at).join("/") || "/");
}

function valueAt(document: JsonObject, key: readonly (string | number)[]): Json | undefined {
  let value: Json | undefined = document;
  for (const part of key) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, Json>)[part];
  }
  return value;
}
