/** The ways one secret is written in URLs, headers, JSON and SQL. */

/** Shorter texts are words of every day: to mask them everywhere would make logs unreadable. */
export const SHORTEST_ANYWHERE = 4;
/** A piece of base64 shorter than this would be found in unrelated text. */
const SHORTEST_BASE64 = 6;

/** Every spelling of a secret that must not be shown, itself included. Those that are too short are left out. */
export function spellings(secret: string): string[] {
  const found = new Set<string>();
  for (const part of parts(secret)) {
    found.add(part);
    const wellFormed = part.toWellFormed();
    for (const encoded of percentEncodings(wellFormed)) found.add(encoded);
    for (const encoded of base64Encodings(wellFormed)) found.add(encoded);
    for (const quoted of quotings(part)) found.add(quoted);
  }
  return [...found].filter((text) => text.length >= SHORTEST_ANYWHERE);
}

/** The secret, without the line end that files leave, and each line of a key that has several. */
function parts(secret: string): string[] {
  const lines = secret.includes("\n") ? secret.split(/\r?\n/).map((line) => line.trim()) : [];
  return [secret, secret.trim(), ...lines.filter((line) => line.length >= 8)]
    .filter((part) => part.length >= SHORTEST_ANYWHERE);
}

function percentEncodings(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const url = new URL("http://host");
  url.password = text;
  const encoded = [component, strict, encodeURI(text), url.password];
  const forms = [component, strict].map((form) => form.replaceAll("%20", "+"));
  return [...encoded, ...forms].flatMap((
    form,
  ) => [form, form.replace(/%[0-9A-F]{2}/g, (p) => p.toLowerCase())]);
}

/**
 * Base64 of the secret, and the part of it that stays the same wherever the secret stands in a longer text, such as
 * `user:secret` in a Basic header: one for each of the three places it can have in a group of three bytes.
 */
function base64Encodings(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  const whole = toBase64(bytes);
  const found = [whole, whole.replace(/=+$/, "")];
  for (const before of [0, 1, 2]) {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const encoded = toBase64(padded);
    const start = [0, 2, 3][before]!;
    const end = Math.floor(padded.length * 8 / 6);
    found.push(encoded.slice(start, end));
  }
  return found
    .filter((form) => form.length >= SHORTEST_BASE64)
    .flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function quotings(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  return [
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll("/", "\\/"),
    text.replaceAll("'", "''"),
    text.replaceAll('"', '""'),
    text.replaceAll("\\", "\\\\"),
    text.replaceAll("\\", "\\\\").replaceAll("'", "\\'"),
  ];
}
