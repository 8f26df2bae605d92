/** Runs `body` with a new directory, `/` between the parts of its path, and removes it afterwards. */
export async function withHome<T>(body: (home: string) => Promise<T>): Promise<T> {
  const home = (await Deno.makeTempDir({ prefix: "dataloader_test_" })).replaceAll("\\", "/");
  try {
    return await body(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
