/** What single entries mean, and which of two decides, by the sentences of the design. Part of the oracle. */
import type { ModelEntry } from "../../support/model.ts";

/** A path that one entry decides for one user of one host. */
export interface OracleRule {
  readonly live: string;
  readonly kind: "directory" | "file" | "pattern";
  readonly user: string | null;
  readonly entry: ModelEntry;
  readonly store: string;
  readonly class: string;
  readonly need: string;
  /** The list and place in it, or the profile, that says so. */
  readonly said: { readonly list: "system" | "home" | "profiles"; readonly index: number };
  readonly profile: string | null;
}

/** Where an entry was written, and the store that it would live in. */
export type Said = Pick<OracleRule, "said" | "profile" | "store">;

const needOfClass: Record<string, string> = {
  config: "important",
  data: "critical",
  state: "important",
  secret: "critical",
  log: "optional",
  cache: "none",
};
const needs = ["none", "optional", "important", "critical"];
const words: Record<string, string> = { must: "critical", should: "important", may: "optional", no: "none" };

function plainNeed(word: string): string {
  return words[word.toLowerCase()] ?? word.toLowerCase();
}

export function atLeast(need: string, threshold: string): boolean {
  return needs.indexOf(need) >= needs.indexOf(plainNeed(threshold));
}

/** `*` is any run of characters, `?` one; neither crosses a slash. */
function matches(pattern: string, name: string): boolean {
  const [p, n] = [[...pattern], [...name]];
  const from = (i: number, j: number): boolean => {
    if (i === p.length) return j === n.length;
    if (p[i] === "*") return from(i + 1, j) || (j < n.length && from(i, j + 1));
    return j < n.length && (p[i] === "?" || p[i] === n[j]) && from(i + 1, j + 1);
  };
  return from(0, 0);
}

/** A directory covers what lies below it, a file itself, a pattern what it matches and what lies below that. */
export function covers(rule: Pick<OracleRule, "live" | "kind">, path: string): boolean {
  const [own, other] = [rule.live.split("/"), path.split("/")];
  if (rule.kind === "file") return path === rule.live;
  if (other.length < own.length) return false;
  return own.every((name, i) => (rule.kind === "pattern" ? matches(name, other[i] ?? "") : name === other[i]));
}

const classOrder = ["secret", "data", "state", "config", "log", "cache"];

export function ruleOf(entry: ModelEntry, prefix: string, user: string | null, more: Said): OracleRule {
  const isPattern = /[*?]/.test(entry.path);
  const kind = isPattern ? "pattern" : entry.path.endsWith("/") ? "directory" : "file";
  const entryClass = entry.class ?? "state";
  const need = entry.need === undefined ? (needOfClass[entryClass] ?? "") : plainNeed(entry.need);
  return { live: prefix + entry.path.replace(/\/$/, ""), kind, user, entry, class: entryClass, need, ...more };
}

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function depth(path: string): number {
  return path === "/" ? 0 : path.split("/").length;
}

/** Above zero where `a` decides over `b`. The last lines are for ties that the design leaves to the developers. */
export function stronger(a: OracleRule, b: OracleRule): number {
  const literals = (rule: OracleRule): number => rule.live.replace(/[*?]/g, "").length;
  const keeps = (rule: OracleRule): number => needs.indexOf(rule.need) * 10 - classOrder.indexOf(rule.class);
  return (
    depth(a.live) - depth(b.live) ||
    Number(a.kind !== "pattern") - Number(b.kind !== "pattern") ||
    literals(a) - literals(b) ||
    earlier(a.live, b.live) ||
    Number(a.profile === null) - Number(b.profile === null) ||
    (a.profile === null ? 0 : keeps(a) - keeps(b)) ||
    earlier(a.profile ?? "", b.profile ?? "") ||
    (a.profile === null ? 0 : earlier(a.store, b.store)) ||
    b.said.index - a.said.index
  );
}

function earlier(a: string, b: string): number {
  return -Buffer.compare(Buffer.from(a), Buffer.from(b));
}
