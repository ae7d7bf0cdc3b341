import type { Report } from "../data.ts";
import { byId, seen } from "./elements.ts";

/** What the numbers leave out: what the scan says of itself, and what it could not look into. */
export function showNotes({ scans }: Report): void {
  const notes = scans.flatMap(({ host, notes: said, unread }) => {
    const of = scans.length === 1 ? "" : `${host}: `;
    return [...said, ...unread.map(({ path, why }) => `${path}: ${why}`)].map((note) => `${of}${note}`);
  });
  byId("notes").attr("hidden", notes.length === 0 ? "" : null);
  byId("note-list")
    .selectAll("li")
    .data(notes)
    .join("li")
    .text((note) => seen(note));
}
