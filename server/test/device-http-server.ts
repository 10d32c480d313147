/** The HTTP device API on a real socket, with neighbours that do what the test tells them. */
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { AttributeScope, AttributeValue } from '../src/attributes/attributes.ts';
import type { Arrival, DeviceIdentity, GateAnswer, GateRefusal } from '../src/credentials/gate.ts';
import type { Acknowledge, Ingest, Refusal } from '../src/ingest/ingest.ts';
import { createMetrics } from '../src/metrics.ts';
import type { ProvisionOutcome } from '../src/provisioning/provisioning.ts';
import type { DownlinkWaiter } from '../src/sessions/sessions.ts';
import { createDeviceHttpApi } from '../src/transports/http/device-http-api.ts';
import type { DeviceHttpLimits } from '../src/transports/http/limits.ts';
import { FakeClock } from './fake-clock.ts';
import { noDeviceTokens } from './no-device-tokens.ts';

/** A message that waits for its acknowledgement. */
export interface HeldUplink {
  readonly kind: 'telemetry' | 'attributes';
  readonly deviceId: string;
  readonly text: string;
  readonly acknowledge: Acknowledge;
}

export function identityOf(token: string): DeviceIdentity {
  return {
    tenantId: 'tenant',
    deviceId: `device-${token}`,
    deviceName: token,
    isGateway: false,
    credentialsId: `credentials-${token}`,
    credentialsExpireAt: null,
    policy: { profileId: 'profile', tlsOnly: false, tokenInPath: true, minAuth: 'token', requireNonce: false },
  };
}

export async function startDeviceHttpServer(limits: Partial<DeviceHttpLimits> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  /** Tokens that are known, or why they are refused. */
  const gateAnswers = new Map<string, GateRefusal['refused'] | 'in'>([['T', 'in']]);
  const asked: { token: string; arrival: Arrival }[] = [];
  const uplinks: HeldUplink[] = [];
  const waiters = new Set<DownlinkWaiter>();
  const touched: string[] = [];
  const logged: unknown[] = [];
  const stored = new Map<AttributeScope, Map<string, AttributeValue>>();
  const provisionRequests: string[] = [];
  const control = {
    /** Acknowledge at once, or leave that to the test. */
    holds: false,
    saturated: false,
    refusal: undefined as Refusal | undefined,
    gateIsSlow: false,
    gateFault: undefined as Error | undefined,
    readFault: undefined as Error | undefined,
    provisioned: { kind: 'answered', body: { status: 'SUCCESS' } } as ProvisionOutcome | Error,
  };

  const take =
    (kind: HeldUplink['kind']): Ingest['telemetry'] =>
    (device, payload, acknowledge) => {
      uplinks.push({ kind, deviceId: device.deviceId, text: Buffer.from(payload).toString(), acknowledge });
      if (!control.holds) acknowledge(control.refusal);
    };

  const api = createDeviceHttpApi({
    ...noDeviceTokens,
    gate: {
      byAccessToken(token, arrival) {
        asked.push({ token, arrival });
        if (control.gateFault !== undefined) throw control.gateFault;
        const known = gateAnswers.get(token) ?? 'invalid_credentials';
        const answer: GateAnswer = known === 'in' ? identityOf(token) : { refused: known };
        return control.gateIsSlow ? Promise.resolve(answer) : answer;
      },
    },
    ingest: {
      telemetry: take('telemetry'),
      attributes: take('attributes'),
      get saturated() {
        return control.saturated;
      },
    },
    attributes: {
      async read(_device, scope, keys) {
        if (control.readFault !== undefined) throw control.readFault;
        const values = [...(stored.get(scope) ?? [])];
        return new Map(keys === undefined ? values : values.filter(([key]) => keys.includes(key)));
      },
    },
    sessions: {
      requested: () => {},
      touch: ({ deviceId }) => touched.push(deviceId),
      wait(_device, waiter) {
        waiters.add(waiter);
        return () => waiters.delete(waiter);
      },
    },
    provisioner: {
      async handle(payload) {
        provisionRequests.push(Buffer.from(payload).toString());
        if (control.provisioned instanceof Error) throw control.provisioned;
        return control.provisioned;
      },
    },
    metrics,
    log: { error: (fields) => logged.push(fields) },
    clock,
    limits,
  });

  const server = http.createServer((request, response) => {
    if (api.owns(request.url ?? '')) api.handle(request, response, false);
    else response.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  return {
    ...{
      api,
      clock,
      metrics,
      gateAnswers,
      asked,
      uplinks,
      waiters,
      touched,
      logged,
      stored,
      provisionRequests,
      control,
    },
    /** A request to a path after `/api/v1`. */
    send: (method: string, path: string, body?: string): Promise<Response> =>
      fetch(`${url}/api/v1${path}`, body === undefined ? { method } : { method, body }),
    /** Sends bytes as they are; resolves with all that comes back when the server closes the connection. */
    sendRaw: (...parts: readonly string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        let received = '';
        const socket = net.connect(port, '127.0.0.1', () => {
          for (const part of parts) socket.write(part);
        });
        socket.setEncoding('latin1').on('data', (text: string) => {
          received += text;
        });
        socket.once('end', () => resolve(received)).once('error', reject);
      }),
    /** Opens a connection and leaves the rest to the test. */
    connect: (): net.Socket => net.connect(port, '127.0.0.1'),
    rejections: async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await metrics.rejections.get()).values.map(({ labels, value }) => [`${labels.where} ${labels.code}`, value]),
      ),
    messages: async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await metrics.messages.get()).values.map(({ labels, value }) => [`${labels.transport} ${labels.kind}`, value]),
      ),
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
