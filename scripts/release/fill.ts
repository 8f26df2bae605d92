/** Filling in the templates of `packaging/`. */

/** Replaces `@NAME@`. @throws {Error} for a name that there is no value for. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/@([A-Z0-9_]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`There is no value for @${name}@.`);
    return value;
  });
}

/** `checksums.txt`, as `sha256sum` writes and checks it. */
export function checksumsText(sums: ReadonlyMap<string, string>): string {
  return [...sums].sort().map(([name, sum]) => `${sum}  ${name}\n`).join("");
}
