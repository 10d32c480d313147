/** The devices of a list of any length: its pages are asked for where somebody looks. */
import { useQueries } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Device, DevicePage } from '#contract/devices.ts';
import { type DeviceListing, devicePageQuery, devicesPageSize } from '../queries.ts';

/** The tallest list that browsers can show: Firefox ends at 17.8 million pixels. What is beyond is found by a search. */
export const rowsLimit = 400_000;

export interface DeviceRows {
  /** How many there are; undefined until the first answer. */
  readonly total: number | undefined;
  /** Undefined until its page has come. */
  rowAt(index: number): Device | undefined;
  readonly isPending: boolean;
  /** Why a page that is looked at has not come. */
  readonly error: unknown;
  refetch(): void;
}

const pageOf = (row: number): number => Math.floor(row / devicesPageSize);

/** @param from the first row that is looked at; @param to the last */
export function useDeviceRows(listing: DeviceListing, from: number, to: number): DeviceRows {
  const lastTotal = useRef<number>(undefined);
  const first = pageOf(from);
  const end = Math.max(first, pageOf(Math.min(to, (lastTotal.current ?? 0) - 1)));
  const numbers = Array.from({ length: end - first + 1 }, (_, i) => first + i);
  // While other words are searched for, the rows before stay where they were.
  const before = useRef(new Map<number, DevicePage>());
  const pages = useQueries({
    queries: numbers.map((number) => ({
      ...devicePageQuery(listing, number),
      placeholderData: () => before.current.get(number),
    })),
  });
  const known = new Map(numbers.map((number, i) => [number, pages[i]]));
  const latest = pages
    .filter(({ data }) => data !== undefined)
    .sort((a, b) => a.dataUpdatedAt - b.dataUpdatedAt)
    .at(-1)?.data;
  const total = latest?.total ?? lastTotal.current;

  useEffect(() => {
    lastTotal.current = total;
    before.current = new Map();
    for (const [number, page] of known) if (page?.data !== undefined) before.current.set(number, page.data);
  });
  const failed = pages.find(({ isError, data }) => isError && data === undefined);
  return {
    total: total === undefined ? undefined : Math.min(total, rowsLimit),
    rowAt: (index) => known.get(pageOf(index))?.data?.items[index % devicesPageSize],
    isPending: total === undefined && failed === undefined,
    error: failed?.error,
    refetch: () => void Promise.all(pages.map((page) => page.refetch())),
  };
}
