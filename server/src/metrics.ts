/** Every metric of the process, in one place, with its unit in its name (Prometheus naming). Served at `/metrics`. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
  return {
    registry,
    /** Uplinks taken from devices. */
    messages: new Counter({
      name: 'gapura_messages_total',
      help: 'Messages from devices, by transport and kind',
      labelNames: ['transport', 'kind'] as const,
      registers,
    }),
    points: new Counter({ name: 'gapura_points_total', help: 'Telemetry points stored', registers }),
    acknowledgeSeconds: new Histogram({
      name: 'gapura_acknowledge_seconds',
      help: 'From the arrival of a message to its acknowledgement, after the durable commit',
      buckets: seconds,
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'gapura_commit_seconds',
      help: 'Time of one telemetry commit',
      buckets: seconds,
      registers,
    }),
    commitPoints: new Histogram({
      name: 'gapura_commit_points',
      help: 'Points in one telemetry commit',
      buckets: [1, 5, 10, 50, 100, 500, 1000, 5000, 10_000],
      registers,
    }),
    telemetryHead: new Gauge({
      name: 'gapura_telemetry_head_points',
      help: 'Telemetry points in memory that are not in a file of their day yet',
      registers,
    }),
    telemetryLongestStep: new Gauge({
      name: 'gapura_telemetry_longest_step_seconds',
      help: 'Longest that background work or a question held the telemetry thread between commits, last minute or two',
      registers,
    }),
    telemetryFaults: new Gauge({
      name: 'gapura_telemetry_faults',
      help: 'Things that are wrong with the telemetry store now; /readyz says which',
      registers,
    }),
    retentionPoints: new Counter({
      name: 'gapura_retention_points_total',
      help: 'Telemetry points deleted because they were older than they are kept',
      registers,
    }),
    retentionPass: new Gauge({
      name: 'gapura_retention_last_pass_timestamp_seconds',
      help: 'When old telemetry was last looked for to the end; 0 before the first time',
      registers,
    }),
    sessions: new Gauge({
      name: 'gapura_sessions',
      help: 'Standing device connections',
      labelNames: ['transport'] as const,
      registers,
    }),
    /** Everything that was refused. `where`: http_api, device_http, mqtt, provisioning, ingest, live, import. */
    rejections: new Counter({
      name: 'gapura_rejections_total',
      help: 'Requests, messages and connections refused, by place and code',
      labelNames: ['where', 'code'] as const,
      registers,
    }),
    securityEvents: new Counter({
      name: 'gapura_security_events_total',
      help: 'Refusals that may be an attack, by kind and reason',
      labelNames: ['kind', 'reason'] as const,
      registers,
    }),
    provisioning: new Counter({
      name: 'gapura_provisioning_total',
      help: 'Provisioning requests by outcome',
      labelNames: ['transport', 'status'] as const,
      registers,
    }),
    signIns: new Counter({
      name: 'gapura_sign_ins_total',
      help: 'Sign-ins of people by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    liveClients: new Gauge({ name: 'gapura_live_clients', help: 'Open live WebSockets', registers }),
  };
}
