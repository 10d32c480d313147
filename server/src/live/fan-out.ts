import type { Bus } from '../bus/bus.ts';
import { toUpdate, type Update } from './updates.ts';

export type Listener = (update: Update) => void;

export interface FanOut {
  /** Tells the listener of what happens under this subject. */
  add(subject: string, listener: Listener): void;
  remove(subject: string, listener: Listener): void;
}

/** One subscription on the bus for each subject, however many listen; each message is read and put into JSON once. */
export function createFanOut(bus: Bus): FanOut {
  const subjects = new Map<string, { readonly listeners: Set<Listener>; end(): void }>();
  return {
    add(subject, listener) {
      const known = subjects.get(subject);
      if (known !== undefined) {
        known.listeners.add(listener);
        return;
      }
      const listeners = new Set([listener]);
      const end = bus.subscribe(subject, (message) => {
        const update = toUpdate(message);
        if (update !== undefined) for (const each of listeners) each(update);
      });
      subjects.set(subject, { listeners, end });
    },
    remove(subject, listener) {
      const known = subjects.get(subject);
      if (known === undefined || !known.listeners.delete(listener) || known.listeners.size > 0) return;
      known.end();
      subjects.delete(subject);
    },
  };
}
