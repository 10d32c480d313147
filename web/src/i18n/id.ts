/** Every text in Bahasa Indonesia. The same namespaces and keys as in English. */

import apiKeys from '../features/api-keys/id.json';
import audit from '../features/audit/id.json';
import dashboards from '../features/dashboards/id.json';
import addDevice from '../features/devices/add/id.json';
import devices from '../features/devices/id.json';
import importing from '../features/import/id.json';
import overview from '../features/overview/id.json';
import people from '../features/people/id.json';
import profiles from '../features/profiles/id.json';
import retention from '../features/retention/id.json';
import setUp from '../features/set-up/id.json';
import settings from '../features/settings/id.json';
import signIn from '../features/sign-in/id.json';
import common from './common.id.json';
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
