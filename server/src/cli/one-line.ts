import { GapuraError } from '#sdk/error.ts';
import { StartupError } from '../errors.ts';

/** For `.catch`: turns what a command could not do into one line without a stack. @param what begins the line */
export function oneLine(what: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof StartupError) throw error;
    if (error instanceof GapuraError) throw new StartupError(`${what}: ${error.message} (${error.code})`);
    throw new StartupError(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  };
}
