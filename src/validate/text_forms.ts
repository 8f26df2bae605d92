/** Forms of text that rules name: as regular expressions of RE2, which the embedded engine runs. */

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = `${OCTET}(\\.${OCTET}){3}`;
const GROUP = "[0-9a-f]{1,4}";

/** IPv6 (RFC 4291, 2.2): eight groups, or fewer around one `::`; the last two may be an IPv4 address. */
const IPV6 = [
  `(${GROUP}:){7}${GROUP}`,
  `(${GROUP}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((after) => `(${GROUP}:){1,${7 - after}}(:${GROUP}){1,${after}}`),
  `:((:${GROUP}){1,7}|:)`,
  `(${GROUP}:){6}${IPV4}`,
  `(${GROUP}:){1,5}:${IPV4}`,
  ...[1, 2, 3, 4].map((after) => `(${GROUP}:){1,${5 - after}}(:${GROUP}){1,${after}}:${IPV4}`),
  `:(:${GROUP}){0,5}:${IPV4}`,
].join("|");

const LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
const LOCAL = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";

/** The whole text must match. */
export const FORMS = {
  /** As browsers check it (HTML, "valid e-mail address"), with a dot in the domain and none at an end or twice. */
  email: `${LOCAL}(\\.${LOCAL})*@${LABEL}(\\.${LABEL})+`,
  /** An absolute URL with a host: http, https, ftp, ftps, ws or wss. */
  url:
    "(?i)(https?|ftps?|wss?)://([^\\s/?#@]+@)?(\\[[0-9a-f:.]+\\]|[^\\s/?#:@\\[\\]]+)(:[0-9]{1,5})?([/?#]\\S*)?",
  uuid: "(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  ip: `(?i)(${IPV4}|${IPV6})`,
  /** Digits with spaces, dots, hyphens, slashes and brackets between; 7 to 15 digits (E.164) are counted apart. */
  phone: "\\+?[0-9(][0-9 ().\\-/]*[0-9]",
  integer: "[+-]?[0-9]+",
  number: "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?",
  date: "[0-9]{4}-[0-9]{2}-[0-9]{2}",
} as const;

/** Words for true and false, in lower case. */
export const BOOLEAN_WORDS = ["true", "false", "t", "f", "yes", "no", "y", "n", "1", "0"];
