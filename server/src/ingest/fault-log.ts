/** What is needed of a pino logger. */
export interface Log {
  error(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** Logs a burst of failures as one line when it begins and one when it is over, however many messages it hits. */
export class FaultLog {
  readonly #log: Log;
  readonly #what: string;
  #refusedMessages = 0;

  /** @param what could not be stored, for the log */
  constructor(log: Log, what: string) {
    this.#log = log;
    this.#what = what;
  }

  failed(error: unknown, messages: number): void {
    if (this.#refusedMessages === 0) this.#log.error({ err: error }, `${this.#what} could not be stored`);
    this.#refusedMessages += messages;
  }

  succeeded(): void {
    if (this.#refusedMessages === 0) return;
    this.#log.info({ refusedMessages: this.#refusedMessages }, `${this.#what} can be stored again`);
    this.#refusedMessages = 0;
  }
}
