/** Where devices find this server. */
import { type Static, Type } from 'typebox';

const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

/** The ports that are open; the host is the one under which the console was found, or that of `publicUrl`. */
export const Addresses = Type.Object({
  publicUrl: Type.Union([Type.String(), Type.Null()], { description: 'As the operator has set it' }),
  httpPort: Port,
  httpsPort: Port,
  mqttPort: Port,
  mqttsPort: Port,
});
export type Addresses = Static<typeof Addresses>;
