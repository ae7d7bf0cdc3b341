import { suggest } from "../profiles/conventions.ts";
import { ownerOf } from "../profiles/owner.ts";
import type { IndexedPath, PathIndex } from "../profiles/path-index.ts";
import type { Scope } from "../profiles/scope.ts";
import type { Suggestion } from "./result.ts";

/** What the catalogue and what is usual say of paths; `below` is a path as seen from its home, or an absolute one. */
export class Knowledge {
  readonly #indexes: readonly PathIndex[];

  /** Of several indexes the first wins. */
  constructor(indexes: readonly PathIndex[]) {
    this.#indexes = indexes;
  }

  /** What the catalogue says of exactly this path. */
  exact(below: string): IndexedPath | undefined {
    const owner = ownerOf(below, this.#indexes);
    return owner?.relation === "exact" ? owner.indexed : undefined;
  }

  /** True where the catalogue knows something below it. */
  hasBelow(below: string): boolean {
    return this.#indexes.some((index) => index.hasBelow(below));
  }

  /** Whether a profile knows it, or something around it. */
  isOwned(below: string): boolean {
    return ownerOf(below, this.#indexes) !== undefined;
  }

  /** What to make of a path that nobody decided about; null where nobody can say. */
  suggestion(scope: Scope, below: string): Suggestion | null {
    const owner = ownerOf(below, this.#indexes);
    if (owner !== undefined) {
      const { profile, class: c, need, why, path } = owner.indexed;
      const what = why === `kept by ${profile}` ? why : `${profile}: ${why}`;
      return { profile, class: c, need, why: owner.relation === "exact" ? what : `inside ${path}: ${what}` };
    }
    // Of a folder for which nothing is usual, what is usual for all that lies in it.
    const usual =
      suggest(scope, below) ?? (scope === "home" || below !== "/" ? suggest(scope, `${below}/x`) : undefined);
    return usual === undefined ? null : { profile: null, class: usual.class, need: usual.need, why: usual.why };
  }
}
