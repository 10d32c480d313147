/** Starts of calendar days, weeks and months in a time zone: they are not all of one length. */

export const calendarUnits = ['day', 'week', 'month'] as const;
export type CalendarUnit = (typeof calendarUnits)[number];

const dayMs = 24 * 3_600_000;

/** Whether the runtime knows the zone (`Europe/Berlin`, `UTC`, `+07:00`). */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The starts of all units that reach into [fromMs, toMs), in their order; the first is not after `fromMs`. Weeks begin
 * on Monday (ISO 8601).
 * @returns undefined when there are more than `limit`
 */
export function calendarStarts(
  unit: CalendarUnit,
  timeZone: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  limit: number,
): number[] | undefined {
  const offsetMs = offsetsOf(timeZone);
  const starts: number[] = [];
  /** Counted in the clock of the zone, as if it were UTC. */
  let local = floor(unit, fromMs + offsetMs(fromMs));
  for (;;) {
    const start = instantOf(local, offsetMs);
    if (start >= toMs && starts.length > 0) return starts;
    // A day that a zone left out (Samoa, 2011-12-30) begins when the next one does.
    if (start !== starts.at(-1)) starts.push(start);
    if (starts.length > limit) return undefined;
    local = next(unit, local);
  }
}

function floor(unit: CalendarUnit, local: number): number {
  const day = Math.floor(local / dayMs) * dayMs;
  // 1970-01-01 was a Thursday.
  if (unit === 'week') return day - ((((day / dayMs + 3) % 7) + 7) % 7) * dayMs;
  if (unit === 'month') return day - (new Date(day).getUTCDate() - 1) * dayMs;
  return day;
}

function next(unit: CalendarUnit, local: number): number {
  if (unit === 'day') return local + dayMs;
  if (unit === 'week') return local + 7 * dayMs;
  const date = new Date(local);
  return date.setUTCMonth(date.getUTCMonth() + 1);
}

/** The first moment at which the clock of the zone shows `local` or, where that hour is left out, more. */
function instantOf(local: number, offsetMs: (ms: number) => number): number {
  const [early, late] = [local - offsetMs(local - dayMs), local - offsetMs(local + dayMs)];
  const [first, second] = early < late ? [early, late] : [late, early];
  return first + offsetMs(first) >= local ? first : second;
}

/** How far the clock of the zone is ahead of UTC at a moment. */
function offsetsOf(timeZone: string): (ms: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const whole = Math.floor(ms / 1000) * 1000;
    const parts = new Map(format.formatToParts(whole).map(({ type, value }) => [type, value]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    const year = parts.get('era') === 'BC' ? 1 - of('year') : of('year');
    const shown = new Date(0);
    shown.setUTCFullYear(year, of('month') - 1, of('day'));
    shown.setUTCHours(of('hour'), of('minute'), of('second'));
    return shown.getTime() - whole;
  };
}
