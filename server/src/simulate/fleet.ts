/** Many simulated devices in one process. */
import { setMaxListeners } from 'node:events';
import { type Counters, createCounters, Problems } from './counters.ts';
import { createLimiter } from './limiter.ts';
import { createSimulatedDevice, type DeviceSpec, type SimulatedDevice } from './simulated-device.ts';
import { createTimerWheel } from './timer-wheel.ts';

export interface FleetOptions {
  readonly devices: readonly DeviceSpec[];
  /** Between two readings of one device, ms. */
  readonly intervalMs: number;
  /** Devices that provision or connect at once. */
  readonly concurrency?: number;
}

export interface Fleet {
  readonly counters: Readonly<Counters>;
  readonly problems: Problems;
  readonly devices: readonly SimulatedDevice[];
  /** Resolves when every device has left: after `stop`, or when all were refused. */
  readonly finished: Promise<void>;
  /** Waits for the acknowledgements that are due, then leaves. */
  stop(): Promise<void>;
}

/** As many as a server accepts without a queue of connections in its kernel. */
const defaultConcurrency = 64;

/** Begins at once. */
export function startFleet(options: FleetOptions): Fleet {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // one listener per device
  const counters = createCounters();
  const problems = new Problems();
  const wheel = createTimerWheel();
  const context = {
    counters,
    problems,
    wheel,
    intervalMs: options.intervalMs,
    signal: end.signal,
    limit: createLimiter(options.concurrency ?? defaultConcurrency),
  };
  const devices = options.devices.map((spec) => createSimulatedDevice(spec, context));
  const finished = Promise.all(devices.map((device) => device.run())).then(() => wheel.stop());

  return {
    counters,
    problems,
    devices,
    finished,
    stop() {
      end.abort();
      return finished;
    },
  };
}
