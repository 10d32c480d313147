/**
 * The settings of a process, one schema. `loadConfig` (config-load.ts) reads them from the environment over an optional
 * file. The environment's name of a setting follows from its name here: `httpPort` is `GAPURA_HTTP_PORT`.
 */
import { type Static, Type } from 'typebox';

// Beside JSON Schema's own words each setting has `expects`, which completes the sentence "it must be …" of a fault,
// and `secret: true` when its value is not to be shown.

const port = (fallback: number, description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: fallback,
    description,
    expects: 'a port from 0 to 65535 (0 is any free one)',
  });

const filePath = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, description, expects: 'the path of a file' }));

export const ConfigSchema = Type.Object(
  {
    dataDir: Type.String({
      minLength: 1,
      default: './data',
      description: 'Folder that holds everything Gapura keeps',
      expects: 'the path of a folder',
    }),
    host: Type.String({
      minLength: 1,
      maxLength: 253,
      pattern: '^[A-Za-z0-9.:_-]+$',
      default: '0.0.0.0',
      description: 'Address on which all listeners bind',
      expects: 'an address of this machine, such as 0.0.0.0 (all of IPv4), :: (all) or 127.0.0.1',
    }),
    httpPort: port(8080, 'Console, platform API and device API over HTTP'),
    httpsPort: port(8443, 'The same over TLS'),
    mqttPort: port(1883, 'MQTT'),
    mqttsPort: port(8883, 'MQTT over TLS'),
    coapPort: port(5683, 'Reserved for CoAP, which this version does not speak'),
    ownerEmail: Type.Optional(
      Type.String({
        pattern: '^[^\\s@]{1,64}@[^\\s@]{1,190}$',
        description: 'With ownerPassword: makes the owner at first start',
        expects: 'an e-mail address',
      }),
    ),
    ownerPassword: Type.Optional(
      Type.String({
        minLength: 12,
        maxLength: 1024,
        description: 'With ownerEmail: makes the owner at first start',
        expects: 'a password of at least 12 characters',
        secret: true,
      }),
    ),
    publicUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/?#]+/?$',
        description: 'Address under which people reach the console, when it is not this machine’s own',
        expects: 'an address without a path, such as https://iot.example.com',
      }),
    ),
    trustProxy: Type.Boolean({
      default: false,
      description: 'Believe X-Forwarded-For and X-Forwarded-Proto: only behind a proxy of your own that sets them',
      expects: 'true or false',
    }),
    tlsHostnames: Type.Array(Type.String({ pattern: '^[A-Za-z0-9.:*_-]{1,253}$' }), {
      default: [],
      maxItems: 50,
      description: 'More names and addresses for the server certificate, separated by commas',
      expects: 'up to 50 hostnames or addresses separated by commas',
    }),
    tlsCert: filePath('Own server certificate (PEM, leaf first) instead of one by Gapura’s certificate authority'),
    tlsKey: filePath('Private key of tlsCert (PEM)'),
    mapTilesUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/?#{}]+/[^\\s{}]*\\{z\\}[^\\s{}]*\\{[xy]\\}[^\\s{}]*\\{[xy]\\}[^\\s{}]*$',
        maxLength: 500,
        description:
          'Where maps on dashboards get their tiles; without it they have none, and nothing is loaded from elsewhere',
        expects: 'an address with {z}, {x} and {y}, such as https://tiles.example.com/{z}/{x}/{y}.png',
      }),
    ),
    mapAttribution: Type.String({
      maxLength: 255,
      default: '',
      description: 'To whom the tiles are owed, as text in the corner of maps',
      expects: 'a text of at most 255 characters',
    }),
    databaseUrl: Type.Optional(
      Type.String({ description: 'Reserved for PostgreSQL', expects: 'left out in this version', secret: true }),
    ),
    natsUrl: Type.Optional(
      Type.String({ description: 'Reserved for NATS', expects: 'left out in this version', secret: true }),
    ),
    headPoints: Type.Integer({
      minimum: 10_000,
      maximum: 20_000_000,
      default: 1_000_000,
      description: 'Telemetry points kept in memory before they are packed into files: 24 bytes each',
      expects: 'a number of points from 10000 to 20000000, such as 200000 on a Raspberry Pi',
    }),
    futureLimitMs: Type.Integer({
      minimum: 0,
      maximum: 3_155_760_000_000,
      default: 3_600_000,
      description: 'How far ahead of the clock of this machine the time of a point may be, in milliseconds',
      expects: 'milliseconds from 0 to 3155760000000 (a hundred years)',
    }),
    logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      default: 'info',
      description: 'Least level that is logged',
      expects: 'one of fatal, error, warn, info, debug, trace, silent',
    }),
    logFormat: Type.Enum(['auto', 'pretty', 'json'], {
      default: 'auto',
      description: 'Log lines; auto is pretty on a terminal and JSON elsewhere',
      expects: 'one of auto, pretty, json',
    }),
  },
  { additionalProperties: false },
);

export type Config = Readonly<Static<typeof ConfigSchema>>;
export type SettingName = keyof Config;

/** What a part of the program or a test wants different from the defaults, as a whole frozen Config. */
export function configOf(settings: Partial<Config> = {}): Config {
  const defaults: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(ConfigSchema.properties)) {
    if ('default' in schema) defaults[name] = schema.default;
  }
  // Every required setting has a default, so defaults and settings together are a whole Config.
  return Object.freeze({ ...(defaults as unknown as Config), ...settings });
}
