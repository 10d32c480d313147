/** A WebSocket that comes back: with growing, scattered pauses, and not at all once the session has ended. */

/** What is used of the platform's WebSocket. */
export interface LiveWebSocket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** `waiting`: the connection is lost and is tried again in a moment. */
export type LiveState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface LiveSocketDeps {
  /** A new connection. */
  connect(): LiveWebSocket;
  /** Asked when a connection did not come about: whether trying again is of use. */
  mayRetry(): Promise<boolean>;
  /** A code with which the server says that there is no coming back. */
  readonly finalCloseCode: number;
  onOpen(): void;
  onMessage(text: string): void;
  /** There is no coming back. */
  onEnd(): void;
  onState(state: LiveState): void;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;

export interface LiveSocket {
  readonly state: LiveState;
  /** Nothing while the connection is not open: whoever subscribes does so again in `onOpen`. */
  send(message: object): void;
  close(): void;
}

/** Begins at once. */
export function openLiveSocket(deps: LiveSocketDeps): LiveSocket {
  let socket: LiveWebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let state: LiveState = 'connecting';
  let failures = 0;

  function change(next: LiveState): void {
    state = next;
    deps.onState(next);
  }

  function connect(): void {
    change('connecting');
    const own = deps.connect();
    socket = own;
    let wasOpen = false;
    own.onopen = () => {
      wasOpen = true;
      change('open');
      deps.onOpen();
    };
    own.onmessage = ({ data }) => {
      // A connection that delivers is a good one: the next loss is a new one.
      failures = 0;
      if (typeof data === 'string') deps.onMessage(data);
    };
    own.onerror = () => {}; // `close` follows
    own.onclose = ({ code }) => {
      if (socket !== own || state === 'closed') return;
      socket = undefined;
      if (code === deps.finalCloseCode) end();
      else void retry(wasOpen);
    };
  }

  async function retry(wasOpen: boolean): Promise<void> {
    change('waiting');
    if (!wasOpen && !(await deps.mayRetry())) {
      if (state === 'waiting') end();
      return;
    }
    if (state !== 'waiting') return;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** failures++) * (0.5 + Math.random() / 2);
    timer = setTimeout(connect, pauseMs);
  }

  function end(): void {
    change('closed');
    deps.onEnd();
  }

  connect();
  return {
    get state() {
      return state;
    },
    send(message) {
      if (state === 'open') socket?.send(JSON.stringify(message));
    },
    close() {
      if (state === 'closed') return;
      clearTimeout(timer);
      change('closed');
      socket?.close();
      socket = undefined;
    },
  };
}
