/** A stretch of a source file, in UTF-16 offsets. Line and column are worked out only when it is shown. */
export interface Span {
  /** Path of the file as the person wrote it (relative to where the command runs, or to the manifest). */
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** Line and column, both from 1; the column counts code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A file that diagnostics may point into. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const lineStartsOf = new WeakMap<SourceFile, readonly number[]>();

/** Offsets at which the lines of a file begin; computed once a file. */
export function lineStarts(source: SourceFile): readonly number[] {
  const known = lineStartsOf.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = source.text.indexOf("\n"); at !== -1; at = source.text.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  lineStartsOf.set(source, starts);
  return starts;
}

/** The line and column of an offset; an offset past the end is the end. */
export function positionAt(source: SourceFile, offset: number): Position {
  const starts = lineStarts(source);
  const at = Math.min(offset, source.text.length);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  const start = starts[low] ?? 0;
  return { line: low + 1, column: [...source.text.slice(start, at)].length + 1 };
}
