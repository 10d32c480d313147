import type { Socket } from 'node:net';

const nothing = Buffer.alloc(0);

/**
 * What a socket receives, straight from it. A stream that is read by `data` events keeps books and looks for more after
 * each chunk, which took as long as the message in it (ADR 8). So `push`, by which Node hands each chunk to the stream, is
 * this object's; only the end of the data goes through the stream. Its answer is the stream's own: false stops reading.
 * Whoever makes one also listens to `data`, for what was received before and because only a flowing stream comes to its end.
 */
export class Inlet {
  readonly #push: (chunk: Buffer | null) => boolean;
  /** Undefined after the end: the socket may live longer than who took from it, until it is collected. */
  #take: ((chunk: Buffer) => void) | undefined;
  #isPaused = false;
  /** The socket is not read until it is asked for more. */
  #isStopped = false;

  constructor(socket: Socket, take: (chunk: Buffer) => void) {
    this.#take = take;
    this.#push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null): boolean => {
      if (chunk === null) return this.#push(null);
      this.#take?.(chunk);
      this.#isStopped = this.#isPaused;
      return !this.#isPaused;
    };
  }

  /** Nothing is taken any more. */
  close(): void {
    this.#take = undefined;
  }

  /** At most one more chunk comes, which is on its way already. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isStopped) return;
    this.#isStopped = false;
    // An empty chunk makes the stream ask the socket for more.
    this.#push(nothing);
  }

  isPaused(): boolean {
    return this.#isPaused;
  }
}
