import * as z from "zod";
import { classes, needs } from "../plan/vocabulary.ts";

/** The written form of a profile (design, section 7): one application or service a file. */

const line = z.string().regex(/^[^\p{Cc}\u2028\u2029]+$/u, "control characters are not allowed here");
const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "a name has lower-case letters, digits and `-`");

const path = z.strictObject({
  path: z.string().describe("Relative to the home, or absolute; a trailing slash means directory"),
  class: z.enum(classes),
  need: z.enum(needs).optional().describe("Only where it differs from what the class says"),
  mode: z.string().optional(),
  owner: line.optional(),
  group: line.optional(),
  how: z.enum(["bind", "symlink", "none"]).optional().describe("Where the other way breaks the program"),
  writes: z.enum(["rename", "in-place"]).optional().describe("How the program saves this single file"),
  database: z.boolean().optional(),
  backup: z.literal(false).optional().describe("Only where another copy is kept anyway, as by a cloud"),
  expire: z
    .string()
    .regex(/^(?:[1-9][0-9]{0,4}[hdw]|never)$/, "write an age like `12h`, `30d` or `4w`")
    .optional(),
  on: z
    .array(z.enum(["nixos", "fedora"]))
    .min(1)
    .optional(),
  note: line.optional().describe("What it is; stands beside each line it leads to"),
  basis: z.literal("judged").optional().describe("Class and need are somebody's judgement, not known from a source"),
});
export type WrittenProfilePath = z.output<typeof path>;

const paths = z.array(path).min(1);
const names = z.array(line).min(1).optional();

export const profileSchema = z
  .strictObject({
    name,
    title: line,
    paths,
    flavours: z.record(name, z.strictObject({ id: line.optional(), paths })).optional(),
    detect: z.strictObject({ commands: names, nix: names, rpm: names, flatpak: names }).optional(),
    sources: z.array(z.url("write the address of a page (https://…)")).min(1).describe("Where it is known from"),
  })
  .describe("What one application or service keeps");

/** Keys that a profile may have somewhere: for "did you mean". */
export const profileKeys: readonly string[] = [
  ...Object.keys(profileSchema.shape),
  ...Object.keys(path.shape),
  ...["id", "commands", "nix", "rpm", "flatpak"],
];
