import { createTwoFilesPatch } from "diff";

/** A file as it is and as it would be; null stands for no file. */
interface Difference {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly wasExecutable: boolean;
  readonly executable: boolean;
}

/** The difference between what is there and what would be, as git writes and applies it. */
export function unifiedDiff({ path, before, after, wasExecutable, executable }: Difference): string {
  const [from, to] = [quoted(`a/${path}`), quoted(`b/${path}`)];
  const [oldMode, newMode] = [modeOf(wasExecutable), modeOf(executable)];
  const head = [`diff --git ${from} ${to}`];
  if (before === null) head.push(`new file mode ${newMode}`);
  else if (after === null) head.push(`deleted file mode ${oldMode}`);
  else if (oldMode !== newMode) head.push(`old mode ${oldMode}`, `new mode ${newMode}`);
  const names = [before === null ? "/dev/null" : from, after === null ? "/dev/null" : to] as const;
  const patch = createTwoFilesPatch(...names, before ?? "", after ?? "", "", "", { context: 3 });
  const hunks = patch.indexOf("\n@@");
  // Where no line differs git wants no names of files either.
  const body = hunks === -1 ? "" : `--- ${names[0]}\n+++ ${names[1]}${patch.slice(hunks)}`;
  return `${head.join("\n")}\n${body}`;
}

function modeOf(executable: boolean): string {
  return executable ? "100755" : "100644";
}

/** A name as git quotes it: what could end it early or steer a terminal is written as bytes in octal. */
function quoted(name: string): string {
  if (!/["\\\p{Cc}\p{Cf}\u2028\u2029]/u.test(name)) return name;
  const bytes = [...Buffer.from(name)].map((byte) => {
    if (byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c) return String.fromCharCode(byte);
    return `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `"${bytes.join("")}"`;
}
