import { startTransition, useEffect, useRef, useState } from 'react';
import type { LiveChange, LiveWanted } from '#sdk/live.ts';
import { gapura } from '../api.ts';
import { emptyView, type LiveView, openLiveFeed } from './live-feed.ts';
import { createSteps } from './steps.ts';

/** Of the whole page. */
const steps = createSteps();

/** As the contract has it; more would be refused. */
export const liveDevicesLimit = 1000;

export interface UseLiveOptions extends LiveWanted {
  /** Nothing is asked for while it is false. */
  readonly enabled?: boolean;
  onChanges?(changes: readonly LiveChange[]): void;
  onGap?(): void;
}

/**
 * What is known of these devices, kept up to date while the component is shown. All hooks share one socket; after an
 * interruption everything is asked anew (`onGap`).
 */
export function useLive({ enabled = true, onChanges, onGap, ...wanted }: UseLiveOptions): LiveView {
  const [view, setView] = useState<LiveView>(emptyView);
  const handlers = useRef({ onChanges, onGap });
  useEffect(() => {
    handlers.current = { onChanges, onGap };
  });
  // By content: a list with the same devices is the same subscription.
  const key = enabled && wanted.deviceIds.length > 0 ? JSON.stringify(wanted) : null;
  useEffect(() => {
    if (key === null) {
      setView(emptyView);
      return undefined;
    }
    const parsed = JSON.parse(key) as LiveWanted;
    const limited = { ...parsed, deviceIds: parsed.deviceIds.slice(0, liveDevicesLimit) };
    return openLiveFeed(gapura.live, limited, steps, {
      // A key that is pressed meanwhile is answered first.
      onView: (next) => startTransition(() => setView(next)),
      onChanges: (changes) => handlers.current.onChanges?.(changes),
      onGap: () => handlers.current.onGap?.(),
    });
  }, [key]);
  return view;
}
