import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/span.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import type { Carry, SecretReference } from "./manifest.ts";
import type { WrittenEntry } from "./schema.ts";

type Written = WrittenEntry["carry"];

/** How content travels; null where it does not. A reference that is not whole (`referenceFaults` says it) is none. */
export function carryOf(written: Written): Carry | null {
  if (written === undefined || written === false) return null;
  const none: Carry = { template: false, encrypted: false, seed: false, from: null };
  if (written === true) return none;
  if (typeof written === "string") return { ...none, [written]: true };
  const { template = false, encrypted = false, seed = false } = written;
  return { template, encrypted, seed, from: fromOf(written) };
}

function fromOf(written: Exclude<Written, undefined | boolean | string>): SecretReference | null {
  const { from, entry, field = null, attachment = null } = written;
  return from === undefined || entry === undefined ? null : { manager: from, entry, field, attachment };
}

/** What is missing in a reference to a password manager, or does not go with it. */
export function referenceFaults(written: Written, span: Span): Diagnostic[] {
  if (typeof written !== "object") return [];
  const { from, entry, field, attachment } = written;
  const conflict = (one: string, other: string, why: string): Diagnostic =>
    say["manifest/conflicting-keys"]({ one, other, why }, span);
  if (from === undefined) {
    const given = (["entry", "field", "attachment"] as const).find((key) => written[key] !== undefined);
    return given === undefined ? [] : [say["manifest/reference"]({ fault: "from", given }, span)];
  }
  const faults: Diagnostic[] = [];
  if (entry === undefined) faults.push(say["manifest/reference"]({ fault: "entry", from }, span));
  for (const key of ["template", "encrypted"] as const) {
    if (written[key] === true)
      faults.push(conflict("from", key, "the content is in the password manager, not in the repo"));
  }
  if (field !== undefined && attachment !== undefined)
    faults.push(conflict("field", "attachment", "the content is one of the two"));
  if (attachment !== undefined && (from === "pass" || from === "onepassword"))
    faults.push(conflict("from", "attachment", `chezmoi has no way to ask ${from} for one`));
  if (from === "onepassword" && entry !== undefined && !entry.startsWith("op://"))
    faults.push(say["manifest/reference"]({ fault: "onepassword", entry }, span));
  if (from === "onepassword" && field !== undefined)
    faults.push(conflict("from", "field", "a reference of 1Password names the field itself"));
  return faults;
}
