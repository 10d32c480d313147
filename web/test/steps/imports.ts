/** A list of devices that comes in by the page. */
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { filled } from '../texts.ts';
import { goTo, type Visitor } from './visitor.ts';

/** As a spreadsheet in Indonesia writes it: semicolons, and titles of its own. */
export function listOfDevices(count: number): string {
  const rows = Array.from({ length: count }, (_, i) => `AA:${i};Hall ${i % 9}`);
  // A device without a name, and one that is there already.
  rows[1234] = ';nameless';
  rows[4321] = 'AA:0;again';
  return ['MAC;Hall', ...rows, ''].join('\n');
}

/** Checks the list, looks at its two errors, imports it. @returns the lines of the file with the new credentials */
export async function importList(visitor: Visitor, csv: string, count: number): Promise<string[]> {
  const { page, t, number } = visitor;
  await goTo(visitor, 'import');
  const file = { name: 'devices.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByLabel(filled(t.import.columns.becomesOf, { title: 'Hall' })).selectOption('attr.Hall');

  await page.getByRole('button', { name: t.import.run.check }).click();
  await page.getByText(t.import.state.check.done).waitFor();
  const created = page.getByText(t.import.counts.check.created).locator('xpath=..');
  expect(await created.textContent()).toContain(number(count - 2));
  for (const line of [1236, 4323]) await page.getByRole('cell', { name: number(line), exact: true }).waitFor();

  await page.getByRole('button', { name: t.import.run.import, exact: true }).click();
  await page.getByRole('heading', { name: t.import.state.import.done, exact: true }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: filled(t.import.run.credentials_other, { shown: number(count - 2) }) }).click(),
  ]);
  return (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
}
