/** Compiles the device program with the C++ library in it, and runs it as a device of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const firmware = fileURLToPath(new URL('..', import.meta.url));

/** The exit code of a device whose power was cut. */
export const diedCode = 42;

export interface Line {
  readonly what: string;
  readonly status: string;
  readonly httpStatus: number;
  readonly code: string;
  readonly body: string;
}

export interface Outcome {
  readonly exitCode: number;
  readonly lines: readonly Line[];
}

export interface DeviceProgram {
  /** Bytes of code and constants of the program with the library in it. */
  readonly textBytes: number;
  /** @param storage the base name of the files that hold the device's identity */
  run(url: string, storage: string, ...words: readonly string[]): Promise<Outcome>;
  /** A new name for storage. */
  newStorage(): string;
  remove(): void;
}

/** @returns why the program cannot be built here, undefined when it can */
export function missingTools(): string | undefined {
  const compiler = spawnSync('g++', ['--version']);
  if (compiler.status !== 0) return 'g++ is not installed';
  const include = '#include <mbedtls/sha256.h>\n';
  const header = spawnSync('g++', ['-fsyntax-only', '-x', 'c++', '-'], { input: include });
  return header.status === 0 ? undefined : 'the headers of mbedTLS (libmbedtls-dev) are not installed';
}

const strict = ['-std=c++17', '-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror'];
/** Undefined behaviour and a byte beyond a buffer end the program. */
const sanitized = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-DGAPURA_SANITIZED'];

/** @throws with the compiler's words when the library does not compile */
export function buildDeviceProgram(options: { sanitize: boolean }): DeviceProgram {
  const folder = mkdtempSync(join(tmpdir(), 'gapura-firmware-'));
  const program = join(folder, 'device-program');
  const flags = [...strict, ...(options.sanitize ? sanitized : ['-Os'])];
  const source = join(firmware, 'test/device-program.cpp');
  const built = spawnSync('g++', [...flags, `-I${join(firmware, 'src')}`, source, '-lmbedcrypto', '-o', program], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`The device program does not compile:\n${built.stderr}`);
  const size = spawnSync('size', [program], { encoding: 'utf8' });
  let count = 0;
  return {
    textBytes: Number(size.stdout?.split('\n')[1]?.trim().split(/\s+/)[0] ?? Number.NaN),
    run(url, storage, ...words) {
      const { hostname, port } = new URL(url);
      return new Promise((resolve, reject) => {
        execFile(program, [hostname, port, storage, ...words], { timeout: 60_000 }, (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (typeof code !== 'number' || (code !== 0 && code !== diedCode)) {
            reject(new Error(`The device program ended with ${code}: ${stderr.slice(0, 3000)}`, { cause: error }));
            return;
          }
          resolve({ exitCode: code, lines: stdout.trimEnd().split('\n').filter(Boolean).map(readLine) });
        });
      });
    },
    newStorage: () => join(folder, `identity-${count++}`),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function readLine(text: string): Line {
  const [what = '', status = '', httpStatus = '', code = '', body = ''] = text.split('\t');
  return { what, status, httpStatus: Number(httpStatus), code, body };
}
