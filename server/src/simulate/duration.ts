const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** @param text a number with its unit: `500ms`, `1s`, `2.5m`, `1h` @returns milliseconds, or undefined */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = match?.[2];
  if (match === null || unit === undefined || !(unit in unitsMs)) return undefined;
  return Number(match[1]) * unitsMs[unit as keyof typeof unitsMs];
}
