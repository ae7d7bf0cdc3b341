const seconds: Readonly<Record<string, number>> = { h: 3600, d: 86400, w: 604800 };

/** Seconds of a time as the manifest writes it: `12h`, `30d`, `4w`. */
export function durationSeconds(text: string): number {
  const match = /^([0-9]+)([hdw])$/.exec(text);
  const unit = seconds[match?.[2] ?? ""];
  if (match === null || unit === undefined) throw new TypeError(`${text} is no duration`);
  return Number(match[1]) * unit;
}
