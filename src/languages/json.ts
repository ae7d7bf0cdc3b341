/** A JSON document: two blanks of indentation, final newline. */
export function printJson(data: unknown): string {
  return `${JSON.stringify(data, null, 2)}\n`;
}
