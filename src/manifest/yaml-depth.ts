/** More nesting than any manifest has; deeper text would exhaust the parser's stack. */
const maxDepth = 64;

/** More than `maxDepth` dashes in one line, or an indentation that so many levels would have. */
const deepBlock = new RegExp(`^ *(?:[-?:][ \\t]+){${maxDepth}}|^ {${maxDepth * 8}}\\S`, "m");

/**
 * Reads a text as tokens of the yaml library, its nesting bounded: deeper text would exhaust the stack of what comes
 * after. Otherwise the offset at which it is too deep. Brackets in quotes, plain text and comments open no level.
 */
export function boundedTokens<T>(
  text: string,
  lexer: { lex(text: string): Iterable<string> },
  parser: { next(lexeme: string): Iterable<T>; end(): Iterable<T> },
): { tokens: T[] } | { tooDeep: number } {
  const deep = deepBlock.exec(text);
  if (deep !== null) return { tooDeep: deep.index };
  const tokens: T[] = [];
  let depth = 0;
  let offset = 0;
  let before = "";
  for (const lexeme of lexer.lex(text)) {
    if (before !== scalarMark) depth = Math.max(0, depth + levelOf(lexeme));
    if (depth > maxDepth) return { tooDeep: offset };
    tokens.push(...parser.next(lexeme));
    if (!lexerMarks.has(lexeme)) offset += lexeme.length;
    before = lexeme;
  }
  tokens.push(...parser.end());
  return { tokens };
}

/** What the lexer says besides the text: a document begins, a broken flow ends, a plain or block scalar follows. */
const scalarMark = "\u001f";
const lexerMarks = new Set(["\u0002", "\u0018", scalarMark]);

function levelOf(lexeme: string): -1 | 0 | 1 {
  if (lexeme === "[" || lexeme === "{") return 1;
  return lexeme === "]" || lexeme === "}" ? -1 : 0;
}
