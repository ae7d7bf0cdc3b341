import { uptime } from "node:os";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { printable } from "../diagnostics/print.ts";
import { durationSeconds } from "../plan/duration.ts";
import type { HostPlan } from "../plan/plan.ts";
import type { LostOn } from "../scan/lost.ts";

/** Bytes of a size as a person writes it: `500`, `500K`, `10M`, `1.5GiB` (powers of 1024, as `du -h`); 0 for none. */
export function readBytes(text: string | undefined): number {
  if (text === undefined) return 0;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  if (match === null) throw new CannotRun(`${printable(text)} is no size; write 500K, 10M or 1.5G`);
  return Number(match[1]) * 1024 ** " kmgt".indexOf((match[2] ?? "").toLowerCase() || " ");
}

/** The time since which something must have changed, in milliseconds since 1970; null where any time will do. */
export function readTime(
  { newerThan, sinceBoot }: { readonly newerThan?: string; readonly sinceBoot?: boolean },
  now: number = Date.now(),
): number | null {
  const times = [
    ...(sinceBoot === true ? [now - uptime() * 1000] : []),
    ...(newerThan === undefined ? [] : [timeOf(newerThan, now)]),
  ];
  return times.length === 0 ? null : Math.max(...times);
}

/** `12h`, `7d` and `4w` are ages; anything else is a date. */
function timeOf(text: string, now: number): number {
  if (/^\d+[hdw]$/.test(text)) return now - durationSeconds(text) * 1000;
  const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text)
    ? Date.parse(text.length === 10 ? `${text}T00:00` : text)
    : Number.NaN;
  if (Number.isNaN(date))
    throw new CannotRun(`${printable(text)} is no time; write an age (12h, 7d, 4w) or a date (2026-11-01)`);
  return date;
}

/** The case of `--lost-on`, with the plan of the host that one moves to. */
export function readLostOn(text: string, plans: readonly HostPlan[], from: HostPlan): LostOn {
  if (text === "wipe" || text === "disk") return { kind: text };
  const others = plans.filter((plan) => plan !== from);
  const cases = ["wipe", "disk", ...others.map(({ host }) => `move:${host.name}`)];
  if (text === `move:${from.host.name}`)
    throw new CannotRun(`${from.host.name} is the host that is looked at; name another one`);
  const to = others.find(({ host }) => text === `move:${host.name}`);
  if (to !== undefined) return { kind: "move", to };
  const known = didYouMean(text, cases);
  throw new CannotRun(`--lost-on takes ${cases.join(", ")}${known === undefined ? "" : `; did you mean ${known}?`}`);
}
