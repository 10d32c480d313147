/** What the tests against a real server do not compile: the names of mbedTLS 3, and the ports on Arduino. */
import { spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { missingTools } from './device-program.ts';

const firmware = fileURLToPath(new URL('..', import.meta.url));
const flags = ['-std=gnu++17', '-Wall', '-Wextra', '-Werror', `-I${join(firmware, 'src')}`];

/** Debian's 2.28 has the names of 3 too, as those before its own, and says that they are old. */
const names3 = ['-DGAPURA_TEST_MBEDTLS_3_NAMES', '-Wno-deprecated-declarations'];

/** @returns what the compiler says; '' when it is content */
const compile = (words: readonly string[], input?: string): string =>
  spawnSync('g++', [...flags, ...words], { encoding: 'utf8', ...(input !== undefined && { input }) }).stderr;

/** A message of 70,000 bytes in parts, and the MAC of it under a key longer than a block. */
const hashes = `
#include <gapura/crypto.h>
#include <stdio.h>
static void print(const uint8_t (&digest)[32]) {
  for (uint8_t byte : digest) printf("%02x", byte);
  puts("");
}
int main() {
  uint8_t digest[32], key[100];
  memset(key, 7, sizeof key);
  gapura::Sha256 hash;
  gapura::HmacSha256 mac(key, sizeof key);
  for (int i = 0; i < 7000; i++) {
    hash.update("0123456789");
    mac.update("0123456789");
  }
  hash.finish(digest);
  print(digest);
  mac.finish(digest);
  print(digest);
}`;

const reason = missingTools();

describe.skipIf(reason !== undefined)(`the library for devices${reason === undefined ? '' : ` (${reason})`}`, () => {
  test.each([[[]], [names3]])('hashes as OpenSSL does, compiled with %j', async (names) => {
    const directory = await mkdtemp(join(tmpdir(), 'gapura-portability-'));
    try {
      const program = join(directory, 'hashes');
      expect(compile([...names, '-x', 'c++', '-', '-lmbedcrypto', '-o', program], hashes)).toBe('');
      const message = '0123456789'.repeat(7000);
      expect(spawnSync(program, { encoding: 'utf8' }).stdout.split('\n')).toEqual([
        createHash('sha256').update(message).digest('hex'),
        createHmac('sha256', Buffer.alloc(100, 7)).update(message).digest('hex'),
        '',
      ]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('compiles whole with the names of mbedTLS 3', () => {
    const program = join(firmware, 'test/device-program.cpp');
    expect(compile([...names3, '-fsyntax-only', program])).toBe('');
  });

  test('the ports on Arduino and the sketch fit the declarations of the core for ESP32', () => {
    const arduino = ['-DARDUINO=10819', '-I', join(firmware, 'test/arduino-shims'), '-include', 'Arduino.h'];
    expect(compile([...arduino, '-fsyntax-only', '-x', 'c++', join(firmware, 'examples/esp32/esp32.ino')])).toBe('');
  });
});
