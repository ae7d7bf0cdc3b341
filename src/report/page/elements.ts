import { type Selection, select } from "d3-selection";
import { printable } from "../../diagnostics/printable.ts";

export type One<E extends Element> = Selection<E, unknown, null, undefined>;

/** The element of the page with this id. Throws where the page has none: the page and its program belong together. */
export function byId(id: string): One<HTMLElement> {
  const element = document.getElementById(id);
  if (element === null) throw new TypeError(`the page has no #${id}`);
  return select(element);
}

/** Text of a file's name or path, fit to be seen: nothing in it reorders or hides what stands beside it. */
export function seen(text: string): string {
  return printable(text);
}

/** Adds a path: the way to it paler than its name, so that names can be read down a column; it may break at its slashes. */
export function addPath(to: HTMLElement, path: string, end = ""): void {
  const at = path === "/" ? 0 : path.lastIndexOf("/") + 1;
  const way = select(to).append("span").attr("class", "way");
  for (const step of path.slice(0, at).split(/(?<=\/)/)) {
    way.append("span").text(seen(step));
    way.append("wbr");
  }
  select(to)
    .append("strong")
    .attr("class", "name")
    .text(`${seen(path.slice(at))}${end}`);
}
