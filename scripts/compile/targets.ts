/** The systems that executables are made for. */

export interface Target {
  /** As people name it, and as release files are named: `linux-x64`. */
  readonly name: string;
  /** As `deno compile --target` takes it. */
  readonly triple: string;
  /** As npm packages name the system in `os`, `cpu` and `libc`. */
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  readonly libc?: "glibc";
  /** Ending of executables. */
  readonly suffix: "" | ".exe";
  /** The most bytes that files embedded into it may have, the runtime not counted. */
  readonly budget: number;
}

const MB = 1_000_000;

/** Budgets: what was measured plus a tenth. The engine's library is more than four fifths of it. */
export const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    triple: "x86_64-unknown-linux-gnu",
    os: "linux",
    cpu: "x64",
    libc: "glibc",
    suffix: "",
    budget: 100 * MB,
  },
  {
    name: "linux-arm64",
    triple: "aarch64-unknown-linux-gnu",
    os: "linux",
    cpu: "arm64",
    libc: "glibc",
    suffix: "",
    budget: 90 * MB,
  },
  {
    name: "macos-x64",
    triple: "x86_64-apple-darwin",
    os: "darwin",
    cpu: "x64",
    suffix: "",
    budget: 150 * MB,
  },
  {
    name: "macos-arm64",
    triple: "aarch64-apple-darwin",
    os: "darwin",
    cpu: "arm64",
    suffix: "",
    budget: 150 * MB,
  },
  {
    name: "windows-x64",
    triple: "x86_64-pc-windows-msvc",
    os: "win32",
    cpu: "x64",
    suffix: ".exe",
    budget: 65 * MB,
  },
];

/** The target of a name or triple. */
export function findTarget(name: string): Target | undefined {
  return TARGETS.find((target) => target.name === name || target.triple === name);
}

/** What a package says of the systems that it is for, as in `package.json`. */
export interface PackageSystem {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/** Whether a package is for a target. Names that end in `-musl` are for musl also where `libc` does not say so. */
export function isFor(target: Target, name: string, system: PackageSystem): boolean {
  const libc = system.libc ?? (/[-_]musl$/.test(name) ? ["musl"] : undefined);
  return allows(system.os, target.os) && allows(system.cpu, target.cpu) && allows(libc, target.libc);
}

function allows(list: readonly string[] | undefined, value: string | undefined): boolean {
  if (list === undefined || list.length === 0 || value === undefined) return true;
  if (list.includes(`!${value}`)) return false;
  return list.includes(value) || list.every((one) => one.startsWith("!"));
}
