/** Every text in Bahasa Indonesia. The same namespaces and keys as in English. */

import apiKeys from '../features/api-keys/id.json' with { type: 'json' };
import audit from '../features/audit/id.json' with { type: 'json' };
import dashboards from '../features/dashboards/id.json' with { type: 'json' };
import addDevice from '../features/devices/add/id.json' with { type: 'json' };
import devices from '../features/devices/id.json' with { type: 'json' };
import importing from '../features/import/id.json' with { type: 'json' };
import overview from '../features/overview/id.json' with { type: 'json' };
import people from '../features/people/id.json' with { type: 'json' };
import profiles from '../features/profiles/id.json' with { type: 'json' };
import retention from '../features/retention/id.json' with { type: 'json' };
import setUp from '../features/set-up/id.json' with { type: 'json' };
import settings from '../features/settings/id.json' with { type: 'json' };
import signIn from '../features/sign-in/id.json' with { type: 'json' };
import common from './common.id.json' with { type: 'json' };
import type { Texts } from './en.ts';

export const texts: Texts = {
  addDevice,
  common,
  dashboards,
  devices,
  overview,
  profiles,
  retention,
  setUp,
  signIn,
  import: importing,
  people,
  apiKeys,
  audit,
  settings,
};
