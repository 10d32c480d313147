/** Every text in Bahasa Indonesia. The same namespaces and keys as in English. */
import addDevice from '../features/devices/add/id.json';
import devices from '../features/devices/id.json';
import importing from '../features/import/id.json';
import overview from '../features/overview/id.json';
import profiles from '../features/profiles/id.json';
import setUp from '../features/set-up/id.json';
import signIn from '../features/sign-in/id.json';
import common from './common.id.json';
import type { Texts } from './en.ts';

export const texts: Texts = { addDevice, common, devices, overview, profiles, setUp, signIn, import: importing };
