/** Secrets that are told by where they stand, known or not. */

/** What a key is called whose value is a secret: the end of the key, in any case, `_`, `-` or nothing between words. */
const SECRET_WORDS = [
  "password",
  "passwd",
  "pwd",
  "passphrase",
  "secret",
  "secret[_-]?key",
  "token",
  "api[_-]?key",
  "access[_-]?key",
  "account[_-]?key",
  "private[_-]?key",
  "client[_-]?secret",
  "credentials?",
  "signature",
  "authorization",
].join("|");

const SECRET_KEY = new RegExp(`(?:${SECRET_WORDS})$`, "i");

/** `scheme://user:` and what stands before the last `@` of the authority. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@?#"'<>`]*:)([^\s/"'<>`]+)@/gi;

/** `Authorization: Bearer …`, also in JSON and in a command line. */
const AUTHORIZATION =
  /\b(authorization["']?\s*[:=]\s*["']?(?:bearer|basic|token|digest|negotiate)\s+)([^\s"',;]+)/gi;

const QUOTED = `"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.|'')*'`;

/** `password=…`, `token = '…'`, `&sig=…`: after `=` any value, after `:` a quoted one, so that prose is left alone. */
const PAIR = new RegExp(
  `(\\b[\\w.-]*(?:${SECRET_WORDS})["']?\\s*=\\s*|[?&]sig=)(${QUOTED}|(?!\\{\\{|=|>)[^\\s,;&)}\\]"'\`]+)` +
    `|(\\b[\\w.-]*(?:${SECRET_WORDS})\\\\*["']?\\s*:\\s*)(${QUOTED}|\\\\+"(?:[^"\\\\]|\\\\\\\\.)*\\\\+")`,
  "gi",
);

/** Whether the value under this key is a secret whatever it is. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key);
}

/** Masks passwords in URLs, and values that stand beside a key that names a secret. */
export function maskPatterns(text: string, mask: string): string {
  // Most texts have nothing of the kind: one quick look saves three passes.
  if (!/[:=]/.test(text)) return text;
  return text
    .replace(URL_PASSWORD, (_all, before: string) => `${before}${mask}@`)
    .replace(AUTHORIZATION, (_all, before: string) => `${before}${mask}`)
    .replace(
      PAIR,
      (
        _all,
        equals: string | undefined,
        equalsValue: string | undefined,
        colon: string | undefined,
        colonValue: string,
      ) => `${equals ?? colon}${quoteLike(equalsValue ?? colonValue, mask)}`,
    );
}

/** The mask in the quotes of the value it stands for. */
function quoteLike(value: string, mask: string): string {
  const open = /^\\*["']/.exec(value)?.[0];
  return open === undefined ? mask : `${open}${mask}${/\\*["']$/.exec(value)?.[0] ?? ""}`;
}
