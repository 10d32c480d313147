import type { DeviceSession } from './sessions.ts';

interface Slot {
  session: DeviceSession | undefined;
}

/** Empty slots that are kept, beside as many as there are sessions: about 100 bytes each. */
const keptSlots = 1024;

/**
 * The one standing session of each device. A device keeps its slot when it goes, for it mostly comes back, and a Map from
 * which is deleted all the time keeps what was deleted from being collected (see `lib/roster.ts`).
 */
export class OpenSessions {
  readonly #slots = new Map<string, Slot>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(deviceId: string): DeviceSession | undefined {
    return this.#slots.get(deviceId)?.session;
  }

  /** @returns the session whose place it took */
  put(session: DeviceSession): DeviceSession | undefined {
    const { deviceId } = session.device;
    const slot = this.#slots.get(deviceId);
    if (slot === undefined) {
      this.#slots.set(deviceId, { session });
      this.#size++;
      return undefined;
    }
    const older = slot.session;
    if (older === undefined) this.#size++;
    slot.session = session;
    return older;
  }

  /** @returns whether it was this session that stood for its device */
  remove(session: DeviceSession): boolean {
    const slot = this.#slots.get(session.device.deviceId);
    if (slot === undefined || slot.session !== session) return false;
    slot.session = undefined;
    this.#size--;
    if (this.#slots.size > 2 * this.#size + keptSlots) this.#sweep();
    return true;
  }

  *[Symbol.iterator](): IterableIterator<DeviceSession> {
    for (const { session } of this.#slots.values()) if (session !== undefined) yield session;
  }

  #sweep(): void {
    for (const [deviceId, { session }] of this.#slots) if (session === undefined) this.#slots.delete(deviceId);
  }
}
