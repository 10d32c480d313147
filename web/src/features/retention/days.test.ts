import { expect, test } from 'vitest';
import { isRetention, maxRetentionDays, type Retention, shortenedTo } from './days.ts';

test.each<[Retention, boolean]>([
  [null, true],
  ['tenant', true],
  [1, true],
  [maxRetentionDays, true],
  [0, false],
  [1.5, false],
  [maxRetentionDays + 1, false],
  [Number.NaN, false],
])('%s is a retention: %s', (value, expected) => {
  expect(isRetention(value)).toBe(expected);
});

test.each<[before: Retention, after: Retention, ofTenant: number | null | undefined, gone: number | undefined]>([
  [null, 30, null, 30],
  [30, null, null, undefined],
  [30, 60, null, undefined],
  [30, 30, null, undefined],
  ['tenant', 30, 90, 30],
  ['tenant', 90, 30, undefined],
  [null, 'tenant', 30, 30],
  [null, 'tenant', null, undefined],
  ['tenant', 30, undefined, 30],
  [30, 0, null, undefined],
])(
  'from %s to %s, with %s in the organisation, deletes what is older than %s days',
  (before, after, ofTenant, gone) => {
    expect(shortenedTo(before, after, ofTenant)).toBe(gone);
  },
);
