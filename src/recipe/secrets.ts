/** What is secret in a recipe, and how it is kept out of messages. */

const SECRET_WORDS = /passw|passphrase|pwd|secret|token|credential|private|dsn|apikey|connstr|authorization/i;
const SECRET_ENDINGS =
  /(^|[^a-z])(pw|sas)$|(pass|keys?|urls?|uris?|auth)$|(^|[^a-z])(auth|conn|connection|key)([^a-z]|$)/i;

/** Whether a variable or key of that name is likely to hold a secret: `DB_PASSWORD`, `apiKey`, `DATABASE_URL`. */
export function looksSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2");
  return SECRET_WORDS.test(name) || SECRET_ENDINGS.test(words);
}

/** The password of `scheme://user:password@host`, as written and decoded. */
export function urlPasswords(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*:([^\s/?#]+)@/gi)) {
    found.push(match[1]!);
    const decoded = decodePercent(match[1]!);
    if (decoded !== undefined && decoded !== match[1]) found.push(decoded);
  }
  return found;
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % is no encoding: the text as written is the password.
    return undefined;
  }
}

/** Shorter secrets are not searched for in messages: replacing every "a" would only garble them. */
const SHORTEST_MASKED = 3;

/** Replaces every secret in a message by `***`, the longest first. */
export function maskSecrets(text: string, secrets: ReadonlySet<string>): string {
  let masked = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length >= SHORTEST_MASKED) masked = masked.replaceAll(secret, "***");
  }
  return masked;
}
