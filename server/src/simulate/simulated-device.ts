/** One device from its first request for credentials to its last reading. */
import type { Credentials } from '#contract/credentials.ts';
import type { ProvisionAnswer } from '#sdk/device/provision.ts';
import { backOffMs, pause } from './back-off.ts';
import type { Counters, Problems } from './counters.ts';
import type { ModelKind } from './models/model.ts';
import { createRandom } from './random.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { isRefusal, retryAfterMsOf, type Transport, type Uplink } from './uplink.ts';

export interface DeviceSpec {
  readonly name: string;
  readonly kind: ModelKind;
  readonly transport: Transport;
  readonly provisionKey: string;
  readonly provisionSecret: string;
  /** The token that it brings; it is tried when the name is provisioned already. Without it the server makes one. */
  readonly token?: string;
  /** When in the interval its turn is, 0 to 1. */
  readonly phase: number;
}

export interface FleetContext {
  readonly counters: Counters;
  readonly problems: Problems;
  readonly wheel: TimerWheel;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Bounds how many devices provision or connect at once. */
  limit<T>(task: () => Promise<T>): Promise<T>;
}

export interface SimulatedDevice {
  readonly name: string;
  readonly kind: ModelKind;
  readonly acknowledged: number;
  readonly sent: number;
  /** Provisions, connects and streams until the signal; resolves when it has left. */
  run(): Promise<void>;
}

/** Unacknowledged messages at most: a device has little memory, and the server must not be flooded when it is slow. */
const maxInFlight = 16;
/** How long the last acknowledgements are waited for when the fleet stops, ms. */
const lastAcknowledgementsMs = 5_000;

export function createSimulatedDevice(spec: DeviceSpec, fleet: FleetContext): SimulatedDevice {
  const { counters, problems, signal } = fleet;
  const random = createRandom(spec.name);
  const model = spec.kind.create(random);
  const inFlight = new Set<Promise<void>>();
  let acknowledged = 0;
  let sent = 0;
  let lastTs = 0;
  let quietUntilMs = 0;
  let faults = 0;

  /** Undefined when it was refused for good or the fleet stops. */
  async function provision(): Promise<Credentials | undefined> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const answer = await fleet.limit(async () => {
          if (signal.aborted) return undefined;
          return spec.transport.provision({
            deviceName: spec.name,
            provisionDeviceKey: spec.provisionKey,
            provisionDeviceSecret: spec.provisionSecret,
            ...(spec.token !== undefined && { token: spec.token }),
          });
        });
        if (answer === undefined) return undefined;
        if (answer.status === 'SUCCESS') return credentialsOf(answer);
        // The name is provisioned already: perhaps by an earlier run of this same device.
        if (answer.status === 'FAILURE' && spec.token !== undefined) return { type: 'ACCESS_TOKEN', token: spec.token };
        counters.refused++;
        problems.add(`Provisioning: ${answer.errorMsg}`);
        return undefined;
      } catch (error) {
        problems.add(`Provisioning: ${textOf(error)}`);
        await pause(retryAfterMsOf(error) ?? backOffMs(attempt, random), signal);
      }
    }
    return undefined;
  }

  function send(uplink: Uplink): void {
    if (inFlight.size >= maxInFlight || performance.now() < quietUntilMs) {
      counters.heldBack++;
      return;
    }
    // One point per key and millisecond is kept, so times must rise for every message to be counted.
    lastTs = Math.max(Date.now(), lastTs + 1);
    sent++;
    counters.sent++;
    const message = uplink.telemetry(lastTs, model.read(lastTs)).then(
      () => {
        faults = 0;
        acknowledged++;
        counters.acknowledged++;
      },
      (error: unknown) => {
        counters.failed++;
        problems.add(`Telemetry: ${textOf(error)}`);
        quietUntilMs = performance.now() + (retryAfterMsOf(error) ?? backOffMs(faults++, random));
      },
    );
    inFlight.add(message);
    void message.finally(() => inFlight.delete(message));
  }

  /** Streams until the way closes or the fleet stops. */
  async function stream(uplink: Uplink): Promise<void> {
    counters.connected++;
    const leave = fleet.wheel.every(fleet.intervalMs, spec.phase, () => send(uplink));
    try {
      await untilAborted(uplink.closed, signal);
    } finally {
      leave();
      counters.connected--;
    }
    if (!signal.aborted) return;
    await Promise.race([Promise.all(inFlight), pause(lastAcknowledgementsMs, new AbortController().signal)]);
    await uplink.close();
  }

  async function run(): Promise<void> {
    const credentials = await provision();
    if (credentials === undefined) return;
    let isKnown = false;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const uplink = await fleet.limit(async () => {
          if (signal.aborted) return undefined;
          const opened = await spec.transport.open(credentials, spec.name);
          // Tells about itself once; over HTTP this is also the first time that the gate sees the token.
          if (!isKnown) await opened.attributes(spec.kind.about(random));
          return opened;
        });
        if (uplink === undefined) return;
        if (!isKnown) counters.provisioned++;
        else counters.reconnects++;
        isKnown = true;
        attempt = 0;
        quietUntilMs = 0;
        await stream(uplink);
        if (!signal.aborted) problems.add('The connection was closed.');
      } catch (error) {
        problems.add(`Connecting: ${textOf(error)}`);
        if (!isKnown && isRefusal(error)) {
          counters.refused++;
          return;
        }
      }
      if (!signal.aborted) await pause(backOffMs(attempt, random), signal);
    }
  }

  return {
    name: spec.name,
    kind: spec.kind,
    get acknowledged() {
      return acknowledged;
    },
    get sent() {
      return sent;
    },
    run,
  };
}

function credentialsOf(answer: Extract<ProvisionAnswer, { status: 'SUCCESS' }>): Credentials {
  if (answer.credentialsType === 'ACCESS_TOKEN') return { type: 'ACCESS_TOKEN', token: answer.credentialsValue };
  const { clientId, userName, password } = answer.credentialsValue;
  return {
    type: 'MQTT_BASIC',
    ...(clientId !== null && { clientId }),
    ...(userName !== null && { userName }),
    ...(password !== null && { password }),
  };
}

/** Waits for the promise or the signal, and leaves no listener behind. */
function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
    void promise.then(done);
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
