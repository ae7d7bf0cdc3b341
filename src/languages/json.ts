/** A JSON document: two blanks of indentation, final newline. */
export function printJson(data: unknown): string {
  return `${JSON.stringify(data, null, 2)}\n`;
}

/** A list as a JSON document, one member a line: what changed is a line of a diff. */
export function printJsonLines(members: readonly unknown[]): string {
  return members.length === 0 ? "[]\n" : `[\n  ${members.map((member) => JSON.stringify(member)).join(",\n  ")}\n]\n`;
}
