import { posix } from "node:path";
import { isWithin } from "../../plan/path.ts";
import { linkText } from "./look.ts";

/** How to see that a link only leads to where kept state lies, or to what the system lays. */
export interface LinkRules {
  /** Live paths of such places: stores, the links to them in homes, and what NixOS keeps its own in. */
  readonly kept: readonly string[];
  /** Real paths of what is looked at, and the live paths that they stand for; the innermost first. */
  readonly places: readonly (readonly [real: string, live: string])[];
}

/** Tells links that lead to kept places by their text; none is followed. */
export class KeptLinks {
  readonly rules: LinkRules;
  readonly #stand: string;

  /** `stand`: the folder that relative paths are said from. */
  constructor(rules: LinkRules, stand = "/") {
    this.rules = rules;
    this.#stand = stand;
  }

  leadsToKept(path: string): boolean {
    const text = linkText(path);
    if (text === undefined) return false;
    const leadsTo = text.startsWith("/") ? text : this.#live(posix.resolve(this.#stand, posix.dirname(path), text));
    return this.rules.kept.some((place) => isWithin(posix.normalize(leadsTo), place));
  }

  #live(real: string): string {
    for (const [from, live] of this.rules.places) {
      if (isWithin(real, from)) return posix.join(live, real.slice(from.length));
    }
    return real;
  }
}
