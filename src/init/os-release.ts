import type { NixosPolicy } from "../manifest/manifest.ts";
import type { Os } from "../plan/vocabulary.ts";

/** What a system says of itself. */
export interface SystemName {
  /** The system whose targets fit; null where none is known to. */
  readonly os: Os | null;
  /** For a person: `Fedora Linux 44 (Workstation Edition)`. */
  readonly title: string;
  /** `26.05`; null where it says nothing. */
  readonly version: string | null;
  readonly variant: string | null;
}

/**
 * Reads os-release(5): shell-like assignments, of which only quoting is understood. Fedora's relatives name it in
 * ID_LIKE, as RHEL, CentOS Stream, Nobara and Bazzite do.
 */
export function readOsRelease(text: string): SystemName {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, unquoted(value));
  }
  const id = values.get("ID") ?? "";
  const relatives = [id, ...(values.get("ID_LIKE") ?? "").split(/\s+/)];
  return {
    os: (["nixos", "fedora"] as const).find((os) => relatives.includes(os)) ?? null,
    title: values.get("PRETTY_NAME") || values.get("NAME") || id || "a system without os-release",
    version: values.get("VERSION_ID") || null,
    variant: values.get("VARIANT_ID") || null,
  };
}

function unquoted(value: string): string {
  const [, quote, inner] = /^(["'])(.*)\1$/.exec(value) ?? [];
  if (inner === undefined) return value;
  return quote === '"' ? inner.replace(/\\([$"`\\])/g, "$1") : inner;
}

type Release = NixosPolicy["release"];
const releases: readonly Release[] = ["25.11", "26.05", "26.11"];

/** The release to write for for a NixOS of this version: itself, else the nearest that is known; null for none. */
export function nixosRelease(version: string | null): { release: Release; exact: boolean } | null {
  const plain = /^(\d\d\.\d\d)/.exec(version ?? "")?.[1];
  if (plain === undefined) return null;
  const same = releases.find((release) => release === plain);
  if (same !== undefined) return { release: same, exact: true };
  const older = releases.filter((release) => release < plain).at(-1);
  return { release: older ?? "25.11", exact: false };
}

/** Variants of Fedora whose system is an image (rpm-ostree or bootc), by VARIANT_ID. */
const imageVariants = /^(?:silverblue|kinoite|iot|coreos|onyx|.*-atomic)$/;

/** True for a Fedora whose /usr is an image: by its variant, or by what ostree leaves in the root. */
export function isAtomic(variant: string | null, isThere: (path: string) => boolean): boolean {
  return imageVariants.test(variant ?? "") || ["/run/ostree-booted", "/ostree", "/sysroot/ostree"].some(isThere);
}
