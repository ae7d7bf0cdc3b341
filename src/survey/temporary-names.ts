/**
 * Names that files have while they are being written. A survey passes them over, so that what a killed run left changes
 * nothing; the next run that writes removes them.
 */
export function temporaryName(id: string): string {
  return `.remanence-new-${id}`;
}

/** True for the name of a file that a run has made, or left, on its way to another name. */
export function isTemporary(name: string): boolean {
  return /^\.remanence-new-[0-9a-f]{16}$/.test(name);
}
