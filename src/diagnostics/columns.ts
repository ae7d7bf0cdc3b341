/** Characters that take no column: accents and the like, drawn onto the one before. */
const onTop = /[\p{Mn}\p{Me}]/u;

/** Characters that take two: those of East Asian scripts in full width, and pictures. */
const wide =
  /[\u{1100}-\u{115f}\u{3000}-\u{303e}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}\p{Emoji_Presentation}\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]/u;

/** Of these scripts there are characters of half width too. */
const half = /[\u{1160}-\u{11ff}\u{ff61}-\u{ffdc}]/u;

/** Columns that a character takes on a terminal. */
function columnsOfCharacter(character: string): number {
  if (character < "\u0300" || half.test(character)) return 1;
  if (onTop.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
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
