/** The software bill of materials: what an executable is made of. https://cyclonedx.org/docs/1.6/json/ */

/** The part of `deno.lock` that is read. */
export interface LockFile {
  readonly npm?: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly integrity?: string;
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

export interface SbomOptions {
  readonly version: string;
  readonly commit: string;
  /** Version of Deno, whose runtime is in the executables. */
  readonly deno: string;
  /** The time of the release, RFC 3339. */
  readonly time: string;
  /** Names of packages that only tests use. */
  readonly testsOnly?: readonly string[];
}

/** The packages of `deno.lock` and the runtime as CycloneDX 1.6. */
export function sbomOf(lock: LockFile, options: SbomOptions): Record<string, unknown> {
  const packages = Object.entries(lock.npm ?? {}).map(([id, locked]) => ({ id, ...parseId(id), locked }))
    .filter(({ name }) => !options.testsOnly?.includes(name));
  const refs = new Map(packages.map(({ id, name, version }) => [id, purl(name, version)]));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: options.time,
      component: {
        type: "application",
        "bom-ref": "dataloader",
        name: "dataloader",
        version: options.version,
        licenses: [{ license: { id: "Apache-2.0" } }],
        properties: [{ name: "commit", value: options.commit }],
      },
    },
    components: [
      { type: "platform", "bom-ref": "deno", name: "deno", version: options.deno },
      ...packages.map(({ name, version, locked }) => ({
        type: "library",
        "bom-ref": purl(name, version),
        name,
        version,
        purl: purl(name, version),
        ...hashesOf(locked.integrity),
      })),
    ],
    dependencies: packages.map(({ name, version, locked }) => ({
      ref: purl(name, version),
      dependsOn: [...locked.dependencies ?? [], ...locked.optionalDependencies ?? []]
        .map((dependency) => refs.get(lockedId(dependency, refs)))
        .filter((ref) => ref !== undefined).sort(),
    })),
  };
}

/** `@scope/name@1.0.0_peer@2.0.0` without the peers. */
function parseId(id: string): { name: string; version: string } {
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(id) ?? [];
  if (name === undefined || version === undefined) {
    throw new Error(`deno.lock has a package without a version: ${id}`);
  }
  return { name, version };
}

/** A dependency is named with its version only where there are several. */
function lockedId(dependency: string, refs: ReadonlyMap<string, string>): string {
  if (refs.has(dependency)) return dependency;
  return [...refs.keys()].find((id) => id.startsWith(`${dependency}@`)) ?? dependency;
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function hashesOf(integrity: string | undefined): { hashes?: unknown[] } {
  const [, base64] = /^sha512-(.+)$/.exec(integrity ?? "") ?? [];
  if (base64 === undefined) return {};
  return { hashes: [{ alg: "SHA-512", content: Uint8Array.fromBase64(base64).toHex() }] };
}
