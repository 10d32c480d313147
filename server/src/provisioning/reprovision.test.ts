/** The second request of a device, under each policy. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure, openProvisioning, type Provisioning } from './fixture.ts';

let gate: Provisioning;
beforeEach(async () => {
  gate = await openProvisioning();
});
afterEach(() => gate.close());

const tokenIn = (answer: string): string => JSON.parse(answer).credentialsValue;

describe('return_existing', () => {
  test('a provisioned device gets the same credentials again, also ones that it brings anew are ignored', async () => {
    const profile = await gate.addProfile('p', { reprovision: 'return_existing' });
    const first = await gate.ask(profile, { deviceName: 'dev' });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toBe(first);
    expect(await gate.ask(profile, { deviceName: 'dev', token: 'other' })).toBe(first);
  });

  test('a hundred requests of one device at once all get the same credentials', async () => {
    const profile = await gate.addProfile('p', { reprovision: 'return_existing' });
    const answers = await Promise.all(Array.from({ length: 100 }, () => gate.ask(profile, { deviceName: 'dev' })));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('SUCCESS');
  });

  test('a pre-provisioned device gets its credentials any number of times', async () => {
    const profile = await gate.addProfile('p', {
      strategy: 'CHECK_PRE_PROVISIONED_DEVICES',
      reprovision: 'return_existing',
    });
    await gate.addDevice(profile, { name: 'dev' });
    for (let i = 0; i < 3; i++) expect(tokenIn(await gate.ask(profile, { deviceName: 'dev' }))).toBe('token-of-dev');
  });
});

describe('rotate', () => {
  test('a provisioned device gets new credentials, and the old ones end', async () => {
    const profile = await gate.addProfile('p', { reprovision: 'rotate' });
    const first = tokenIn(await gate.ask(profile, { deviceName: 'dev' }));
    const second = tokenIn(await gate.ask(profile, { deviceName: 'dev' }));
    expect(second).not.toBe(first);
    const device = await gate.deviceNamed('dev');
    expect(await gate.credentials.read(gate.tenantId, device?.id ?? '')).toMatchObject({
      credentials: { token: second },
      retiring: null,
    });
    expect(gate.audit.map((entry) => entry.detail?.['how'])).toEqual(['created', 'rotated']);
  });

  test('it gets the credentials that it brings, if nobody else has them', async () => {
    const profile = await gate.addProfile('p', { reprovision: 'rotate' });
    await gate.addDevice(profile, { name: 'other' });
    await gate.ask(profile, { deviceName: 'dev' });
    const brought = { deviceName: 'dev', credentialsType: 'MQTT_BASIC', username: 'u', password: 'p' };
    expect(await gate.ask(profile, brought)).toContain('{"clientId":null,"userName":"u","password":"p"}');
    expect(await gate.ask(profile, { deviceName: 'dev', token: 'token-of-other' })).toBe(failure);
    expect(await gate.ask(profile, { deviceName: 'dev', token: 'a b' })).toBe(failure);
  });

  test('a pre-provisioned device keeps its credentials at first and gets new ones after', async () => {
    const profile = await gate.addProfile('p', { strategy: 'CHECK_PRE_PROVISIONED_DEVICES', reprovision: 'rotate' });
    await gate.addDevice(profile, { name: 'dev' });
    expect(tokenIn(await gate.ask(profile, { deviceName: 'dev' }))).toBe('token-of-dev');
    expect(tokenIn(await gate.ask(profile, { deviceName: 'dev', token: 'mine' }))).toMatch(/^[A-Za-z0-9]{20}$/);
  });

  test('of several at once the last one holds what works', async () => {
    const profile = await gate.addProfile('p', { reprovision: 'rotate' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => gate.ask(profile, { deviceName: 'dev' })));
    expect(new Set(answers).size).toBe(4);
    const device = await gate.deviceNamed('dev');
    const { credentials } = await gate.credentials.read(gate.tenantId, device?.id ?? '');
    expect(credentials).toMatchObject({ token: tokenIn(answers.at(-1) ?? '') });
  });
});

describe.each(['return_existing', 'rotate'] as const)('under %s', (reprovision) => {
  test('a device that a person made, or of another profile, is not given away', async () => {
    const profile = await gate.addProfile('p', { reprovision });
    const other = await gate.addProfile('other', { reprovision });
    await gate.addDevice(profile, { name: 'made' });
    await gate.addDevice(profile, { name: 'marked', serverAttributes: { provisionState: 'no' } });
    await gate.ask(other, { deviceName: 'elsewhere' });
    for (const deviceName of ['made', 'marked', 'elsewhere']) {
      expect(await gate.ask(profile, { deviceName, token: 'thief' })).toBe(failure);
    }
  });

  test('a pre-provisioned device whose provisionState says something else stays closed', async () => {
    const profile = await gate.addProfile('p', { strategy: 'CHECK_PRE_PROVISIONED_DEVICES', reprovision });
    await gate.addDevice(profile, { name: 'dev', serverAttributes: { provisionState: 'blocked' } });
    expect(await gate.ask(profile, { deviceName: 'dev' })).toBe(failure);
  });

  test.each(['ALLOW_CREATE_NEW_DEVICES', 'CHECK_PRE_PROVISIONED_DEVICES'] as const)(
    'disabled and revoked devices stay out (%s)',
    async (strategy) => {
      const profile = await gate.addProfile('p', { strategy, reprovision });
      const state = { serverAttributes: { provisionState: 'provisioned' } };
      await gate.addDevice(profile, { name: 'disabled', enabled: false, ...state });
      const { deviceId } = await gate.addDevice(profile, { name: 'revoked', ...state });
      await gate.credentials.revoke(gate.tenantId, deviceId);
      expect(await gate.ask(profile, { deviceName: 'disabled' })).toBe(failure);
      expect(await gate.ask(profile, { deviceName: 'revoked' })).toBe(failure);
      await expect(gate.credentials.read(gate.tenantId, deviceId)).rejects.toMatchObject({ code: 'not_found' });
    },
  );
});
