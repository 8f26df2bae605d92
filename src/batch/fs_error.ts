/** True for what the file system or the permission set refuses, as against a defect of ours. */
export function isFsError(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.AlreadyExists ||
    error instanceof Deno.errors.Busy ||
    (error instanceof Error && "code" in error && typeof error.code === "string");
}
