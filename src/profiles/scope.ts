/** Whose a path is: of a home, relative to it, or of the system, absolute. */
export type Scope = "home" | "system";
