/** Every English text, by namespace: `common` for what several pages say, and one for each feature. */

import apiKeys from '../features/api-keys/en.json';
import audit from '../features/audit/en.json';
import dashboards from '../features/dashboards/en.json';
import addDevice from '../features/devices/add/en.json';
import devices from '../features/devices/en.json';
import importing from '../features/import/en.json';
import overview from '../features/overview/en.json';
import people from '../features/people/en.json';
import profiles from '../features/profiles/en.json';
import retention from '../features/retention/en.json';
import setUp from '../features/set-up/en.json';
import settings from '../features/settings/en.json';
import signIn from '../features/sign-in/en.json';
import common from './common.en.json';

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
