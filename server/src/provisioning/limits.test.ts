/** What one address and one profile may ask for, and what is left of it in audit log, metrics and log. */
import { afterEach, expect, test } from 'vitest';
import { failure, notFound, openProvisioning, type Provisioning, plain } from './fixture.ts';

let gate: Provisioning;
afterEach(() => gate.close());

const from = (address: string) => ({ ...plain, address });
const limited = /^rate_limited: \d+$/;

test('an address that tries different secrets is stopped, and may go on later', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  for (let i = 0; i < 20; i++) expect(await gate.ask(profile, { provisionDeviceSecret: `guess-${i}` })).toBe(notFound);
  expect(await gate.ask(profile, { provisionDeviceSecret: 'guess-20' })).toBe('rate_limited: 3000');
  expect(await gate.ask(profile, { deviceName: 'dev' })).toBe('rate_limited: 3000');
  expect(await gate.ask(profile, { deviceName: 'dev' }, from('192.0.2.2'))).toContain('SUCCESS');
  gate.clock.advance(3000);
  expect(await gate.ask(profile, { deviceName: 'dev-2' })).toContain('SUCCESS');
});

test('guesses in one turn are counted one by one: a right one behind them is not told', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  const guesses = Array.from({ length: 100 }, (_, i) => gate.ask(profile, { provisionDeviceSecret: `guess-${i}` }));
  const right = gate.ask(profile, { deviceName: 'dev' });
  const answers = await Promise.all(guesses);
  expect(answers.filter((answer) => answer === notFound)).toHaveLength(20);
  expect(answers.filter((answer) => limited.test(answer))).toHaveLength(80);
  expect(await right).toMatch(limited);
});

test('unknown keys count as guesses just as wrong secrets do', async () => {
  gate = await openProvisioning();
  for (let i = 0; i < 20; i++) {
    expect(await gate.send(`{"provisionDeviceKey":"k${i}","provisionDeviceSecret":"s"}`)).toBe(notFound);
  }
  expect(await gate.send('{"provisionDeviceKey":"k20","provisionDeviceSecret":"s"}')).toMatch(limited);
});

test('a device with an old secret that asks on and on waits alone: its neighbours get in', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  const outdated = () => gate.ask(profile, { provisionDeviceSecret: 'the old secret' });
  for (let i = 0; i < 20; i++) expect(await outdated()).toBe(notFound);
  for (let i = 0; i < 20; i++) expect(await outdated()).toMatch(limited);
  expect(await gate.ask(profile, { deviceName: 'neighbour' })).toContain('SUCCESS');
  gate.clock.advance(3000);
  expect(await outdated()).toBe(notFound);
});

test('addresses of one IPv6 network are one', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  for (let i = 0; i < 20; i++) {
    await gate.ask(profile, { provisionDeviceSecret: `guess-${i}` }, from(`2001:db8::${i}`));
  }
  expect(await gate.ask(profile, { deviceName: 'dev' }, from('2001:db8::ffff'))).toMatch(limited);
  expect(await gate.ask(profile, { deviceName: 'dev' }, from('2001:db8:0:1::1'))).toContain('SUCCESS');
});

test('requests that cannot be read are limited among themselves', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  for (let i = 0; i < 20; i++) expect(await gate.send('{')).toContain('malformed');
  expect(await gate.send('{')).toMatch(limited);
  expect(await gate.ask(profile, { deviceName: 'dev' })).toContain('SUCCESS');
});

test('a profile keeps to its own limit, whatever the addresses', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p', { rateLimit: '3:60' });
  const other = await gate.addProfile('other');
  for (let i = 0; i < 3; i++) {
    expect(await gate.ask(profile, { deviceName: `dev-${i}` }, from(`192.0.2.${i}`))).toContain('SUCCESS');
  }
  expect(await gate.ask(profile, { deviceName: 'late' }, from('192.0.2.9'))).toBe('rate_limited: 20000');
  expect(await gate.ask(other, { deviceName: 'other' })).toContain('SUCCESS');
  gate.clock.advance(20_000);
  expect(await gate.ask(profile, { deviceName: 'late' }, from('192.0.2.9'))).toContain('SUCCESS');
});

test('who does not know the secret cannot use up the limit of a profile', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p', { rateLimit: '1:60' });
  for (let i = 0; i < 5; i++) {
    await gate.ask(profile, { provisionDeviceSecret: `guess-${i}` }, from(`192.0.2.${i}`));
  }
  expect(await gate.ask(profile, { deviceName: 'dev' })).toContain('SUCCESS');
});

test('refusals with the right secret are limited per address and profile', async () => {
  gate = await openProvisioning({ failures: '5:60' });
  const profile = await gate.addProfile('p', { strategy: 'CHECK_PRE_PROVISIONED_DEVICES' });
  await gate.addDevice(profile, { name: 'dev' });
  for (let i = 0; i < 5; i++) expect(await gate.ask(profile, { deviceName: `name-${i}` })).toBe(failure);
  expect(await gate.ask(profile, { deviceName: 'dev' })).toMatch(limited);
  expect(await gate.ask(profile, { deviceName: 'dev' }, from('192.0.2.2'))).toContain('SUCCESS');
});

test('a fleet of 10,000 behind one address passes at once', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, (_, i) => gate.ask(profile, { deviceName: `d${i}` })),
  );
  expect(answers.filter((answer) => !answer.includes('SUCCESS'))).toEqual([]);
});

test('each attempt on a known profile is audited with its reason and without a secret', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  const disabled = await gate.addProfile('off', { strategy: 'DISABLED' });
  await gate.ask(profile, { deviceName: 'dev', token: 'brought-token' });
  await gate.ask(profile, { deviceName: 'dev', token: 'brought-token' });
  await gate.ask(profile, { deviceName: 'dev', provisionDeviceSecret: 'wrong-secret' });
  await gate.ask(disabled, { deviceName: 'x'.repeat(1000) });
  await gate.ask(profile, { provisionDeviceKey: 'unknown' });
  const device = await gate.deviceNamed('dev');
  const detail = {
    profileId: profile.id,
    profileName: 'p',
    strategy: 'ALLOW_CREATE_NEW_DEVICES',
    transport: 'http',
    secure: false,
  };
  const asDevice = { kind: 'device', id: device?.id, name: 'dev', address: '192.0.2.1' };
  const target = { kind: 'device', id: device?.id, name: 'dev' };
  const tenantId = gate.tenantId;
  expect(gate.audit).toEqual([
    {
      tenantId,
      actor: asDevice,
      action: 'device.provisioned',
      target,
      outcome: 'success',
      detail: { ...detail, how: 'created' },
    },
    {
      tenantId,
      actor: asDevice,
      action: 'provisioning.failed',
      target,
      outcome: 'failure',
      detail: { ...detail, reason: 'name_taken' },
    },
    {
      tenantId,
      actor: { ...asDevice, id: '' },
      action: 'provisioning.failed',
      target: { kind: 'profile', id: profile.id, name: 'p' },
      outcome: 'failure',
      detail: { ...detail, reason: 'wrong_secret' },
    },
    expect.objectContaining({
      actor: { ...asDevice, id: '', name: 'x'.repeat(255) },
      detail: expect.objectContaining({ reason: 'provisioning_disabled' }),
    }),
  ]);
  expect(JSON.stringify(gate.audit)).not.toMatch(/secret-|wrong-secret|brought-token/);
});

test('every outcome is counted, and unknown keys leave one line in ten seconds', async () => {
  gate = await openProvisioning();
  const profile = await gate.addProfile('p');
  await gate.ask(profile, { deviceName: 'dev' });
  await gate.ask(profile, { deviceName: 'dev' });
  await gate.send('{');
  for (let i = 0; i < 21; i++)
    await gate.ask(profile, { provisionDeviceKey: `k${i}` }, { ...plain, transport: 'mqtt' });
  const { values } = await gate.metrics.provisioning.get();
  expect(
    Object.fromEntries(values.map(({ labels, value }) => [`${labels.transport} ${labels.status}`, value])),
  ).toEqual({
    'http success': 1,
    'http failure': 1,
    'http malformed': 1,
    'mqtt not_found': 20,
    'mqtt rate_limited': 1,
  });
  expect(gate.warnings).toEqual([
    {
      detail: { transport: 'mqtt', address: '192.0.2.1', requests: 1 },
      message: 'provisioning requests with an unknown key',
    },
  ]);
  gate.clock.advance(10_000);
  await gate.ask(profile, { provisionDeviceKey: 'later' });
  expect(gate.warnings[1]).toMatchObject({ detail: { requests: 20 } });
});
