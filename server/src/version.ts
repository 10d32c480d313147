import packageJson from '../../package.json' with { type: 'json' };

/** The version of this program, as `MAJOR.MINOR.PATCH`. */
export const version: string = packageJson.version;
