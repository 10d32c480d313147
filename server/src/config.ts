/** The settings of a process, one schema. `loadConfig` reads them from the environment over an optional file. */
import { type Static, Type } from 'typebox';

const port = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description });

export const ConfigSchema = Type.Object({
  dataDir: Type.String({ minLength: 1, default: './data', description: 'Folder that holds everything Gapura keeps' }),
  host: Type.String({ minLength: 1, default: '0.0.0.0', description: 'Address on which all listeners bind' }),
  httpPort: port(8080, 'Console, platform API and device API over HTTP; 0 is any free port'),
  httpsPort: port(8443, 'The same over TLS'),
  mqttPort: port(1883, 'MQTT'),
  mqttsPort: port(8883, 'MQTT over TLS'),
  ownerEmail: Type.Optional(Type.String({ description: 'With ownerPassword: makes the owner at first start' })),
  ownerPassword: Type.Optional(Type.String({ description: 'With ownerEmail: makes the owner at first start' })),
  logLevel: Type.Union(
    (['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const).map((level) => Type.Literal(level)),
    { default: 'info' },
  ),
});
export type Config = Readonly<Static<typeof ConfigSchema>>;
