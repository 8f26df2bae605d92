/** The rule `deliverable` of quarantine_file.yaml. */

/** One verdict for each row: true where its mail has a known domain, else what is wrong with it. */
export function deliverable(
  rows: Record<string, unknown>[],
  { params }: { params: { domains: string[] } },
): (true | string)[] {
  return rows.map(({ email }) => {
    const domain = typeof email === "string" ? email.split("@")[1] : undefined;
    if (domain === undefined) return "has no domain";
    return params.domains.includes(domain) || `goes to ${domain}, which is not known`;
  });
}
