/** Small file systems for tests: a disk that is full, a disk that can't be written. */

/** A mounted file system, or why there is none. */
export type Mounted = { readonly path: string } | { readonly skipped: string };

/**
 * Mounts a file system in memory of `size` (as `mount -o size=` takes it) at a new directory, runs `body` and unmounts it.
 * Where that isn't allowed `body` gets the reason.
 */
export async function withSmallDisk(
  size: string,
  body: (disk: Mounted) => Promise<void>,
): Promise<void> {
  if (Deno.build.os !== "linux") return await body({ skipped: `no tmpfs on ${Deno.build.os}` });
  const path = await Deno.makeTempDir({ prefix: "disk_" });
  try {
    const refused = await mount(["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
    if (refused !== undefined) return await body({ skipped: `mounting needs root: ${refused}` });
    try {
      await body({ path });
    } finally {
      await new Deno.Command("umount", { args: [path] }).output();
    }
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** Makes a mounted file system read-only. */
export async function makeReadOnly(path: string): Promise<void> {
  const refused = await mount(["-o", "remount,ro", path]);
  if (refused !== undefined) throw new Error(`can't mount ${path} read-only: ${refused}`);
}

/** Gives a mounted file system another size. */
export async function resize(path: string, size: string): Promise<void> {
  const refused = await mount(["-o", `remount,size=${size}`, path]);
  if (refused !== undefined) throw new Error(`can't resize ${path}: ${refused}`);
}

/** The reason it was refused; undefined when it worked. */
async function mount(args: readonly string[]): Promise<string | undefined> {
  try {
    const output = await new Deno.Command("mount", { args: [...args], stderr: "piped", stdout: "null" })
      .output();
    return output.success ? undefined : new TextDecoder().decode(output.stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no mount command";
    throw error;
  }
}
