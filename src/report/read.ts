import * as z from "zod";
import { classes, needs } from "../plan/vocabulary.ts";
import type { ScannedNode } from "../scan/result.ts";
import type { Report } from "./data.ts";
import { fates } from "./words.ts";

const size = { bytes: z.number().nonnegative(), files: z.number().nonnegative() };
const fate = z.enum(fates);
const classOf = z.enum(classes);
const need = z.enum(needs);
const suggestion = z.object({ profile: z.string().nullable(), class: classOf, need, why: z.string() });

const row = z.object({
  path: z.string(),
  kind: z.enum(["directory", "file", "symlink", "other"]),
  ...size,
  newest: z.string(),
  suggestion: suggestion.nullable(),
  cache: z.object(size).exactOptional(),
  secrets: z.array(z.string()).exactOptional(),
});

const lostRow = z.object({ ...row.shape, fate, class: classOf.nullable(), need: need.nullable(), why: z.string() });

const node: z.ZodType<ScannedNode> = z.object({
  name: z.string().nullable(),
  ...size,
  fate: fate.nullable(),
  class: classOf.nullable(),
  need: need.nullable(),
  get children() {
    return z.array(node);
  },
});

const scan = z.object({
  host: z.string(),
  os: z.string(),
  scanned: z.string(),
  totals: z.object({
    persist: z.object(size),
    carry: z.object(size),
    fetch: z.object(size),
    discard: z.object(size),
    undecided: z.object(size),
  }),
  undecided: z.array(row),
  lost: z.array(z.object({ name: z.string(), rows: z.array(lostRow) })),
  tree: node,
  kept: z.object(size),
  unread: z.array(z.object({ path: z.string(), why: z.string() })),
  notes: z.array(z.string()),
});

const schema = z.object({
  version: z.literal(1),
  generator: z.literal("remanence report"),
  scans: z.array(scan).min(1),
});

/** What is in a file that `report --format json` wrote; else what is wrong with it. The file is data, whoever wrote it. */
export function readReport(text: string): { readonly ok: Report } | { readonly problem: string } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { problem: "it is not JSON" };
  }
  const read = schema.safeParse(data);
  if (read.success) return { ok: read.data };
  const [first] = read.error.issues;
  return { problem: `${first?.path.join(".") || "it"}: ${first?.message ?? "is of another form"}` };
}
