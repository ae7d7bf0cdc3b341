import type { ProfileEntry } from "./profile.ts";

/** What an entry of a manifest says to be worth as much as the profile's own about the same path. */
export interface KnownFacts {
  readonly writes?: "rename" | "in-place";
  readonly database?: boolean;
  readonly mode?: string;
  readonly backup?: boolean;
  readonly expire?: string;
}

/**
 * What is known of a path besides its class and need. An entry beats the profile about the same path with all that it says and
 * does not say: without these a database would be copied while it is written.
 */
export function knownFacts({ writes, database, mode, backup, expire }: ProfileEntry): KnownFacts {
  return {
    ...(writes === null ? {} : { writes }),
    ...(database ? { database } : {}),
    ...(mode === null ? {} : { mode }),
    ...(backup === null ? {} : { backup }),
    ...(expire === null ? {} : { expire }),
  };
}
