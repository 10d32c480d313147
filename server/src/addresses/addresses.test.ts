import { expect, test } from 'vitest';
import { createTestApp } from '../../test/create-test-app.ts';

test('the ports that were bound are told to who is signed in, and to nobody else', async () => {
  const app = await createTestApp();
  try {
    expect(await app.client.addresses.get()).toMatchObject({ publicUrl: null, ...app.addresses });
    expect((await fetch(`${app.url}/v1/addresses`)).status).toBe(401);
  } finally {
    await app.stop();
  }
});
