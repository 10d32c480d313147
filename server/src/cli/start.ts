import { defineCommand } from 'citty';
import type { Logger } from 'pino';
import { loadConfig } from '../config-load.ts';
import { createLogger } from '../logger.ts';
import { version } from '../version.ts';
import { consoleUrls, reachableHosts, setupUrl } from './addresses.ts';
import { type Serving, serve } from './serve.ts';

export const command = defineCommand({
  meta: { name: 'start', description: 'Start Gapura; settings come from GAPURA_* and an optional file' },
  args: {
    config: { type: 'string', valueHint: 'FILE', description: 'Settings file, instead of GAPURA_CONFIG' },
  },
  async run({ args }) {
    const configure = () => loadConfig(process.env, args.config === undefined ? {} : { file: args.config }).config;
    const { logLevel, logFormat } = configure();
    const log = await createLogger({ level: logLevel, format: logFormat });
    await serve({
      log,
      configure,
      started(serving) {
        // Who asked for JSON alone reads this stream with a program; all others get something to click.
        if (logFormat === 'json' || serving.isRestart) logAddresses(log, serving);
        else console.log(banner(serving));
        return undefined;
      },
    });
    // Nothing is left that could keep the process; a stray timer must not either.
    process.exit(0);
  },
});

function logAddresses(log: Logger, { app, addresses, config }: Serving): void {
  log.info({ version, url: consoleUrls(config, addresses)[0], ...addresses, dataDir: app.dataDir }, 'ready');
  if (app.setupToken !== null) log.warn('not set up yet: run "gapura setup" to make the owner');
}

function banner({ app, addresses, config }: Serving): string {
  const hosts = reachableHosts(config.host);
  const urls = consoleUrls(config, addresses);
  const each = (scheme: string, port: number): string => hosts.map((host) => `${scheme}://${host}:${port}`).join('  ');
  const rows: (readonly [string, string])[] = [
    ['Console', urls.join('  ')],
    ['over TLS', each('https', addresses.httpsPort)],
    ['MQTT', each('mqtt', addresses.mqttPort)],
    ['over TLS', each('mqtts', addresses.mqttsPort)],
    ['HTTP devices', `${each('http', addresses.httpPort)}  (paths under /api/v1)`],
    ['Data', app.dataDir],
  ];
  const token = app.setupToken;
  if (token !== null) {
    rows.push(['', '']);
    for (const [i, url] of urls.entries()) rows.push([i === 0 ? 'Set it up' : '', setupUrl(url, token)]);
  }
  const seconds = (performance.now() / 1000).toFixed(1);
  const lines = rows.map(([name, text]) => (text === '' ? '' : `  ${name.padEnd(12)}  ${text}`));
  return ['', `Gapura ${version} is ready (${seconds} s).`, '', ...lines, ''].join('\n');
}
