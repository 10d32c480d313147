/** Every page, and what opens over pages or becomes of them: for tests that look at all of the console. */
import type { Page } from 'playwright-core';
import type { Place } from './accessibility.ts';
import { planted } from './planted.ts';
import { textsOf } from './texts.ts';

const t = textsOf.en;

/** By their addresses in the router. */
export const pages = [
  '/',
  '/devices',
  `/devices?keys=temperature,state`,
  '/devices/add',
  '/devices/$deviceId',
  '/devices/$deviceId?tab=chart',
  '/devices/$deviceId?tab=attributes',
  '/devices/$deviceId?tab=credentials',
  '/devices/$deviceId?tab=events',
  '/devices/$deviceId?tab=audit',
  '/devices/$deviceId/dashboard',
  '/dashboards',
  '/dashboards/$dashboardId',
  '/dashboards/$dashboardId?edit=true',
  '/profiles',
  '/profiles/$profileId',
  '/import',
  '/people',
  '/api-keys',
  '/audit',
  '/settings',
];

export const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();
const item = (page: Page, name: string) => page.getByRole('menuitem', { name, exact: true }).click();
const inDialog = (page: Page, name: string) => page.getByRole('dialog').getByRole('button', { name }).click();

/** What opens over a page, or becomes of it: what it is, the page, and what somebody does there. */
export interface Opened {
  readonly name: string;
  readonly path: string;
  open(page: Page): Promise<unknown>;
  /** Where it is to be had; everywhere when absent. */
  readonly places?: readonly Place[];
}

const device = '/devices/$deviceId';
const credentials = `${device}?tab=credentials`;
const attributes = `${device}?tab=attributes`;
const editor = '/dashboards/$dashboardId?edit=true';
const profile = '/profiles/$profileId';
const openDeviceMenu = (page: Page) => button(page, t.devices.moreActions);
const openDashboardMenu = (page: Page) => button(page, `More for ${planted}`);
const openWidget = async (page: Page, kind: string): Promise<void> => {
  await button(page, t.dashboards.edit.add);
  await page.getByRole('dialog').getByLabel(t.dashboards.edit.kind).selectOption(kind);
};
const openWidgetMenu = (page: Page) => button(page, /^Actions for Table/);
const openPerson = (page: Page) => button(page, 'Actions for planted@example.com');
const select = (page: Page) => page.getByRole('checkbox', { name: `Select ${planted}` }).check();

export const dialogs: readonly Opened[] = [
  { name: 'the columns of the list', path: '/devices', open: (page) => button(page, /^Columns/) },
  {
    name: 'the deletion of selected devices',
    path: '/devices',
    async open(page) {
      await select(page);
      await page.getByRole('region', { name: t.devices.bulk.title }).getByRole('button', { name: 'Delete' }).click();
    },
  },
  { name: 'the change of a device', path: device, open: (page) => button(page, t.devices.edit) },
  { name: 'the actions of a device', path: device, open: openDeviceMenu },
  {
    name: 'the deletion of a device',
    path: device,
    async open(page) {
      await openDeviceMenu(page);
      await item(page, t.devices.delete);
    },
  },
  { name: 'a range of time', path: `${device}?tab=chart`, open: (page) => button(page, t.common.range.custom) },
  { name: 'a new attribute', path: attributes, open: (page) => button(page, t.devices.attributes.add) },
  { name: 'the change of an attribute', path: attributes, open: (page) => button(page, 'Edit nested') },
  { name: 'the deletion of an attribute', path: attributes, open: (page) => button(page, `Delete ${planted}`) },
  { name: 'the rotation of credentials', path: credentials, open: (page) => button(page, 'Rotate') },
  { name: 'other credentials', path: credentials, open: (page) => button(page, t.devices.credentials.replace) },
  { name: 'the revocation of credentials', path: credentials, open: (page) => button(page, 'Revoke') },
  {
    name: 'a key that is shown once',
    path: credentials,
    async open(page) {
      await button(page, t.devices.credentials.replace);
      await inDialog(page, t.devices.credentials.replace);
      await page.getByRole('heading', { name: t.devices.credentials.made }).waitFor();
    },
  },
  { name: 'a new dashboard', path: '/dashboards', open: (page) => button(page, t.dashboards.new) },
  { name: 'the actions of a dashboard', path: '/dashboards/$dashboardId', open: openDashboardMenu },
  {
    name: 'the name of a dashboard',
    path: '/dashboards/$dashboardId',
    async open(page) {
      await openDashboardMenu(page);
      await item(page, t.dashboards.rename);
    },
  },
  {
    name: 'the deletion of a dashboard',
    path: '/dashboards/$dashboardId',
    async open(page) {
      await openDashboardMenu(page);
      await item(page, t.common.delete);
    },
  },
  { name: 'a new value', path: editor, open: (page) => openWidget(page, 'value') },
  { name: 'a new gauge', path: editor, open: (page) => openWidget(page, 'gauge') },
  { name: 'a new map', path: editor, open: (page) => openWidget(page, 'map') },
  { name: 'a new text', path: editor, open: (page) => openWidget(page, 'text') },
  { name: 'a new list of events', path: editor, open: (page) => openWidget(page, 'events') },
  // A grid to drag on and a column are two things: each has menus of its own.
  { name: 'the actions of a widget', path: editor, open: openWidgetMenu, places: ['desk'] },
  { name: 'the actions of a widget', path: editor, open: openWidgetMenu, places: ['phone'] },
  { name: 'the variables', path: editor, open: (page) => button(page, t.dashboards.variables.button) },
  {
    name: 'the question before changes are lost',
    path: editor,
    async open(page) {
      await openWidgetMenu(page);
      await item(page, t.common.delete);
      await button(page, t.common.cancel);
    },
  },
  { name: 'a new profile', path: '/profiles', open: (page) => button(page, t.profiles.new) },
  { name: 'a new key and secret', path: profile, open: (page) => button(page, t.profiles.rotate.button) },
  { name: 'a new group key', path: profile, open: (page) => button(page, t.profiles.groupKey.make) },
  {
    name: 'the deletion of a profile',
    path: '/profiles/$emptyProfileId',
    open: (page) => button(page, t.common.delete),
  },
  { name: 'a new person', path: '/people', open: (page) => button(page, t.people.add) },
  { name: 'the actions for a person', path: '/people', open: openPerson },
  {
    name: 'the removal of a person',
    path: '/people',
    async open(page) {
      await openPerson(page);
      await item(page, t.people.remove.item);
    },
  },
  { name: 'a new API key', path: '/api-keys', open: (page) => button(page, t.apiKeys.new) },
  { name: 'the revocation of an API key', path: '/api-keys', open: (page) => button(page, `Revoke ${planted}`) },
  {
    name: 'the menu',
    path: '/',
    open: (page) => button(page, t.common.openMenu),
    places: ['phone'],
  },
];

/** Steps that lead from a page to another state of it. */
export const steps: readonly Opened[] = [
  { name: 'selected devices', path: '/devices', open: select },
  {
    name: 'the wizard for one device',
    path: '/devices/add',
    async open(page) {
      await page.getByLabel(t.addDevice.one.name, { exact: true }).fill(`${planted} by the wizard`);
      await button(page, t.addDevice.one.create);
      await page.getByText(t.addDevice.wait.waiting).waitFor();
    },
  },
  {
    name: 'the wizard for one device with a key',
    path: '/devices/add',
    async open(page) {
      await page.getByLabel(t.addDevice.one.name, { exact: true }).fill(`${planted} with a key`);
      await page.getByRole('radio', { name: /JSON Web Token/ }).check();
      await button(page, t.addDevice.one.create);
      await page.getByText(t.addDevice.connect.once).waitFor();
    },
  },
  {
    name: 'the choice of a profile for a fleet',
    path: '/devices/add',
    open: (page) => page.getByRole('radio', { name: t.addDevice.fleet.title }).check(),
  },
  {
    name: 'the wizard for a fleet',
    path: '/devices/add',
    async open(page) {
      await page.getByRole('radio', { name: t.addDevice.fleet.title }).check();
      await page.getByLabel(t.addDevice.fleet.profileName).fill(`${planted} by the wizard`);
      await button(page, t.addDevice.fleet.open);
      await page.getByText(t.addDevice.wait.waiting).waitFor();
    },
  },
  { name: 'the columns of an import', path: '/import', open: chooseList },
  {
    name: 'the result of an import',
    path: '/import',
    async open(page) {
      await chooseList(page);
      await button(page, t.import.run.import);
      await page.getByRole('heading', { name: t.import.state.import.done, exact: true }).waitFor();
    },
  },
  {
    name: 'the palette',
    path: '/',
    async open(page) {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('img');
      await page.getByRole('option', { name: planted }).first().waitFor();
    },
  },
];

/** A list with markup in its titles, its cells and its own name; one of its rows is wrong. */
async function chooseList(page: Page): Promise<void> {
  const rows = [`MAC;${planted}`, `${planted} imported;${planted}`, `;${planted}`];
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: `${planted}.csv`, mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
  await page.getByRole('button', { name: t.import.run.check }).waitFor();
}
