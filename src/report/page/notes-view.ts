import type { Report, ReportedScan } from "../data.ts";
import { countText, sizeText } from "../words.ts";
import { byId, seen } from "./elements.ts";

/** More places than this that could not be looked into are one thing to settle, not many to read. */
const most = 50;

/** What the numbers leave out: what the scan says of itself, what is kept already, what could not be looked into. */
export function showNotes({ scans }: Report): void {
  const notes = scans.flatMap((scan) =>
    notesOf(scan).map((note) => (scans.length === 1 ? note : `${scan.host}: ${note}`)),
  );
  byId("notes").attr("hidden", notes.length === 0 ? "" : null);
  byId("note-list")
    .selectAll("li")
    .data(notes)
    .join("li")
    .text((note) => seen(note));
}

function notesOf({ notes, kept, unread }: ReportedScan): string[] {
  const already = `what is kept already or comes with the system: ${sizeText(kept.bytes)} in ${countText(kept.files, "file")}`;
  const more = unread.length - most;
  return [
    ...(kept.files > 0 ? [already] : []),
    ...notes,
    ...unread.slice(0, most).map(({ path, why }) => `${path}: ${why}`),
    ...(more > 0 ? [`and ${countText(more, "place")} more that could not be looked into`] : []),
  ];
}
