/** A command line that makes no sense: told with the way to the right one, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param command whose usage helps, or undefined when the message says all */
  constructor(command: string | undefined, message: string) {
    super(command === undefined ? message : `${message}\nUsage: gapura help ${command}`);
  }
}
