/** How long telemetry is kept, as a form asks for it. */

/** What the server takes (`RetentionDays` of the contract); said here so that the schemas stay out of the page. */
export const maxRetentionDays = 36_500;

/** Days; null is for ever, and `tenant` is what the organisation says. */
export type Retention = number | null | 'tenant';

/** @returns whether what a person typed is a number of days that the server takes */
export function isRetention(value: Retention): boolean {
  return typeof value !== 'number' || (Number.isInteger(value) && value >= 1 && value <= maxRetentionDays);
}

/** The days that hold. What the organisation says is not always known: then it counts as for ever, so that a warning is shown. */
function daysOf(value: Retention, ofTenant: number | null | undefined): number {
  const days = value === 'tenant' ? (ofTenant ?? null) : value;
  return days ?? Number.POSITIVE_INFINITY;
}

/** @returns the days after which telemetry goes that stays today, or undefined when nothing more goes */
export function shortenedTo(before: Retention, after: Retention, ofTenant?: number | null): number | undefined {
  const days = daysOf(after, ofTenant);
  return isRetention(after) && days < daysOf(before, ofTenant) ? days : undefined;
}
