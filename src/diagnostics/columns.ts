/**
 * Columns that a character takes on a terminal. The classes stand inside, where they are met: to read them takes longer
 * than most texts, which have no such characters.
 */
function columnsOfCharacter(character: string): number {
  if (character < "\u0300") return 1;
  // Of East Asian scripts there are characters of half width too.
  if (/[\u{1160}-\u{11ff}\u{ff61}-\u{ffdc}]/u.test(character)) return 1;
  // Accents and the like, drawn onto the character before.
  if (/[\p{Mn}\p{Me}]/u.test(character)) return 0;
  // East Asian scripts in full width, and pictures.
  const isWide =
    /[\u{1100}-\u{115f}\u{3000}-\u{303e}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}\p{Emoji_Presentation}\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]/u;
  return isWide.test(character) ? 2 : 1;
}

/** Columns that a text takes on a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** As much of the beginning of a text as has room, whole characters only. */
export function cutEnd(text: string, room: number): string {
  let end = 0;
  let columns = 0;
  for (const character of text) {
    columns += columnsOfCharacter(character);
    if (columns > room) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** As much of the end of a text as has room, whole characters only. */
export function cutBeginning(text: string, room: number): string {
  const characters = [...text];
  let columns = 0;
  let start = characters.length;
  for (; start > 0; start--) {
    columns += columnsOfCharacter(characters[start - 1] ?? "");
    if (columns > room) break;
  }
  return characters.slice(start).join("");
}
