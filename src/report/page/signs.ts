import { select } from "d3-selection";
import { fates, fateWords } from "../words.ts";

/** Adds the letter of a fate on its colour and pattern; the fate is said in words beside it, so nothing is read aloud. */
export function addSign(to: HTMLElement, named: string | null): void {
  const fate = fates.find((known) => known === named);
  if (fate === undefined) return;
  select(to)
    .append("span")
    .attr("class", "sign fill")
    .attr("data-fate", fate)
    .attr("aria-hidden", "true")
    .text(fateWords[fate].letter);
}
