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

const pairsOf = new WeakMap<SourceFile, readonly number[]>();

/** Offsets of the characters that take two UTF-16 units, so that a column in a very long line is found at once. */
function surrogatePairs(source: SourceFile): readonly number[] {
  const known = pairsOf.get(source);
  if (known !== undefined) return known;
  const pairs = [...source.text.matchAll(/[\u{10000}-\u{10ffff}]/gu)].map((match) => match.index);
  pairsOf.set(source, pairs);
  return pairs;
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
  const line = countBefore(starts, at + 1);
  const start = starts[line - 1] ?? 0;
  const pairs = surrogatePairs(source);
  const inLine = countBefore(pairs, at) - countBefore(pairs, start);
  return { line, column: at - start - inLine + 1 };
}

/** How many of the ascending numbers are below `limit`. */
function countBefore(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
