/** A new folder, `/` between the parts of its path. */
export async function makeFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = (await Deno.makeTempDir({ prefix: "dataloader_contract_" })).replaceAll("\\", "/");
  return { path, remove: () => Deno.remove(path, { recursive: true }) };
}
