/** Sends device requests over kept-alive connections of Node's own HTTP client: a third of the cost of fetch. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type DeviceHttp, type DeviceHttpAnswer, deviceAnswer, deviceTimeoutMs } from './http.ts';

export interface NodeDeviceHttpOptions {
  /** Open connections at most; requests beyond wait their turn. */
  readonly maxConnections?: number;
  /** For https: the CA that signed the server's certificate (PEM), as `/ca.pem` gives it. */
  readonly ca?: string;
}

/** @returns the sender, and `close` which ends its connections */
export function createNodeDeviceHttp(options: NodeDeviceHttpOptions = {}): DeviceHttp & { close(): void } {
  const agentOptions = { keepAlive: true, maxSockets: options.maxConnections ?? 256, scheduling: 'fifo' } as const;
  const http = new HttpAgent(agentOptions);
  const https = new HttpsAgent({ ...agentOptions, ...(options.ca !== undefined && { ca: options.ca }) });

  return {
    send({ method, url, body, headers: more, timeoutMs }) {
      return new Promise<DeviceHttpAnswer>((resolve, reject) => {
        const isSecure = url.startsWith('https:');
        const headers = {
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
          ...more,
        };
        const request = (isSecure ? httpsRequest : httpRequest)(
          url,
          { method, headers, agent: isSecure ? https : http, timeout: timeoutMs ?? deviceTimeoutMs },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('error', reject);
            answer.on('end', () => {
              const header = (name: string): string | undefined => {
                const value = answer.headers[name];
                return Array.isArray(value) ? value[0] : value;
              };
              resolve(deviceAnswer(answer.statusCode ?? 0, Buffer.concat(parts).toString('utf8'), header));
            });
          },
        );
        request.on('timeout', () => request.destroy(new Error('The server did not answer in time.')));
        request.on('error', reject);
        request.end(body);
      });
    },
    close() {
      http.destroy();
      https.destroy();
    },
  };
}
