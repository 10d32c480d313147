/** Every English text, by namespace: `common` for what several pages say, and one for each feature. */

import apiKeys from '../features/api-keys/en.json' with { type: 'json' };
import audit from '../features/audit/en.json' with { type: 'json' };
import dashboards from '../features/dashboards/en.json' with { type: 'json' };
import addDevice from '../features/devices/add/en.json' with { type: 'json' };
import devices from '../features/devices/en.json' with { type: 'json' };
import importing from '../features/import/en.json' with { type: 'json' };
import overview from '../features/overview/en.json' with { type: 'json' };
import people from '../features/people/en.json' with { type: 'json' };
import profiles from '../features/profiles/en.json' with { type: 'json' };
import retention from '../features/retention/en.json' with { type: 'json' };
import setUp from '../features/set-up/en.json' with { type: 'json' };
import settings from '../features/settings/en.json' with { type: 'json' };
import signIn from '../features/sign-in/en.json' with { type: 'json' };
import common from './common.en.json' with { type: 'json' };

export const texts = {
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
export type Texts = typeof texts;
