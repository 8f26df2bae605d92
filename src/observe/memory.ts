/** Most memory the process has held, in bytes; undefined where the system does not tell. Linux: proc_pid_status(5), VmHWM. */
export function peakMemory(): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // No such file (macOS, Windows), or not allowed to read it: the summary then leaves the figure out.
    return undefined;
  }
}
