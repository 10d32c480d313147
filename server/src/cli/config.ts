import { defineCommand } from 'citty';
import { ConfigSchema } from '../config.ts';
import { environmentName, loadConfig, settingNames } from '../config-load.ts';

export const command = defineCommand({
  meta: { name: 'config', description: 'Show the settings and where each comes from; secrets are hidden' },
  args: {
    config: { type: 'string', valueHint: 'FILE', description: 'Settings file, instead of GAPURA_CONFIG' },
    json: { type: 'boolean', description: 'As JSON' },
  },
  run({ args }) {
    const { config, sources, file } = loadConfig(process.env, args.config === undefined ? {} : { file: args.config });
    const rows = settingNames.map((name) => {
      const schema: object = ConfigSchema.properties[name];
      const isSecret = 'secret' in schema && schema.secret === true;
      const value = config[name] === undefined ? null : isSecret ? '(hidden)' : config[name];
      return {
        setting: environmentName(name),
        value,
        source: value === null ? 'not set' : (sources.get(name) ?? 'default'),
        description: 'description' in schema ? String(schema.description) : '',
      };
    });
    if (args.json) {
      console.log(JSON.stringify({ file: file ?? null, settings: rows }, null, 2));
      return;
    }
    const shown = rows.map((row) => [row.setting, showValue(row.value), row.source, row.description]);
    const widths = [0, 1, 2].map((column) => Math.max(...shown.map((cells) => cells[column]?.length ?? 0)));
    console.log(file === undefined ? 'No settings file.' : `Settings file: ${file}`);
    for (const cells of shown) console.log(cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  },
});

function showValue(value: unknown): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
