/** The state of the one live socket, for everything that has to say whether it is up to date. */
import { useSyncExternalStore } from 'react';
import { gapura } from '../api.ts';

export interface Connection {
  /** `idle`: no page wants live data. `lost`: what is shown is from `lostAtMs`, and it is tried again. */
  readonly state: 'idle' | 'connecting' | 'open' | 'lost';
  readonly lostAtMs: number | null;
}

let connection: Connection = { state: 'idle', lostAtMs: null };
const listeners = new Set<() => void>();

gapura.live.onState((state) => {
  const before = connection;
  if (state === 'open') connection = { state: 'open', lostAtMs: null };
  else if (state === 'closed') connection = { state: 'idle', lostAtMs: null };
  else if (state === 'waiting') connection = { state: 'lost', lostAtMs: before.lostAtMs ?? Date.now() };
  // A new attempt after a loss is still a loss.
  else if (before.state !== 'lost') connection = { state: 'connecting', lostAtMs: null };
  if (before.state === connection.state) return;
  for (const listener of listeners) listener();
});

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}

/** Whether live values on the screen may be out of date. */
export function useIsStale(): boolean {
  return useConnection().state === 'lost';
}
