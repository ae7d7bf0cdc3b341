import type { Carry } from "../manifest/manifest.ts";
import type { Content, Found, LeftOut } from "./content.ts";

/** How content is brought in: what chezmoi is told of each file. */
export type Form = "plain" | "template" | "encrypted" | "seed";

/** More than this is no configuration: a repo is cloned on every machine, and never forgets. */
export interface Limits {
  /** Of one file, and of all of them together. */
  readonly fileBytes: number;
  readonly bytes: number;
  readonly files: number;
  /** Binary files may come too. */
  readonly binary: boolean;
}

export const usualLimits: Limits = { fileBytes: 1 << 20, bytes: 10 << 20, files: 500, binary: false };

/** What is known of the content besides what lies on the disk. */
export interface Facts {
  readonly form: Form;
  /** Why a path is a secret; undefined where nothing says so. */
  readonly secret: (path: string) => string | undefined;
  readonly isBinary: (content: Content) => boolean;
}

/** The form that an entry asks for. Both encrypted and template is encrypted to chezmoi's `add`; the rest is its source's. */
export function formOf({ template, encrypted, seed }: Omit<Carry, "from">): Form {
  if (encrypted) return "encrypted";
  if (template) return "template";
  return seed ? "seed" : "plain";
}

/** Why content cannot be carried so, one reason a path; nothing is brought in where there is any. */
export function refusals(path: string, found: Found, facts: Facts, limits: Limits): LeftOut[] {
  const { content, repository } = found;
  const bytes = content.reduce((sum, one) => sum + one.bytes, 0);
  const refused: LeftOut[] = [];
  if (repository !== undefined) {
    const what = "it is a git repository of its own: let it be fetched (`fetch: { git: … }`)";
    refused.push({ path: repository, why: what });
  }
  if (content.length > limits.files)
    refused.push({ path, why: `it has more than ${limits.files} files: name its parts, or say --max-files` });
  if (bytes > limits.bytes)
    refused.push({ path, why: `it has ${bytes} bytes, and ${limits.bytes} are carried at most: --max-size` });
  return [...refused, ...content.flatMap((one) => refusalOf(one, facts, limits))];
}

function refusalOf(content: Content, { form, secret, isBinary }: Facts, limits: Limits): LeftOut[] {
  const { path, kind, bytes, mode } = content;
  const because = form === "encrypted" ? undefined : secret(path);
  if (because !== undefined) {
    const instead = "carry it encrypted (--encrypt), or leave it in a password manager (`carry: { from: … }`)";
    return [{ path, why: `it is a secret (${because}): ${instead}` }];
  }
  if (kind === "symlink") return [];
  if (Buffer.byteLength(path.slice(path.lastIndexOf("/") + 1)) > longestName)
    return [{ path, why: "its name is too long: chezmoi writes it under a longer one first" }];
  if (bytes > limits.fileBytes)
    return [{ path, why: `it has ${bytes} bytes, and ${limits.fileBytes} are carried at most: --max-size` }];
  if (!representable.has(mode))
    return [
      { path, why: `its mode is ${mode}, and chezmoi knows ${[...representable].join(", ")}: chmod it, or persist it` },
    ];
  if (!limits.binary && form !== "encrypted" && isBinary(content))
    return [{ path, why: "it is no text: --binary, where it belongs in a repository all the same" }];
  return [];
}

/** chezmoi writes `.NAME` with up to 20 digits more, and then renames it. */
const longestName = 255 - 1 - 20;

/** What `private_`, `readonly_` and `executable_` make of 0666 and 0777, with the umask 022. */
const representable = new Set(["0644", "0600", "0755", "0700", "0444", "0400", "0555", "0500", "0664", "0775"]);
