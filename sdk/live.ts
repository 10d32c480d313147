import type {
  LiveActivity,
  LiveChange,
  LiveDevice,
  LiveServerMessage,
  LiveTopic,
  liveCloseCodes,
} from '#contract/live.ts';
import { GapuraError, type GapuraErrorCode } from './error.ts';
import { type LiveSocket, type LiveState, type LiveWebSocket, openLiveSocket } from './live-socket.ts';
import type { Requester } from './requester.ts';

export type { LiveActivity, LiveChange, LiveDevice, LiveState };

export interface LiveWanted {
  /** Up to 1000. */
  readonly deviceIds: readonly string[];
  /** Telemetry keys; all when absent. */
  readonly keys?: readonly string[];
  /** All when absent. */
  readonly topics?: readonly LiveTopic[];
}

export interface LiveListener {
  /** What is known now. Comes again after every interruption: forget what was known before. */
  onSnapshot(devices: Readonly<Record<string, LiveDevice>>): void;
  /** @param coalesced points between were left out because this client reads too slowly; they are in the history */
  onChanges(changes: readonly LiveChange[], coalesced: boolean): void;
  /** The subscription was refused or the session has ended: nothing more comes of it. */
  onError?(error: GapuraError): void;
}

export interface LiveSubscription {
  end(): void;
}

export interface LiveClient {
  /**
   * Keeps the listener up to date until `end`, through lost connections and lost messages. All subscriptions share one
   * WebSocket, which is open while there is any.
   */
  subscribe(wanted: LiveWanted, listener: LiveListener): LiveSubscription;
  /** Told of every change of the connection, e.g. to show that it is lost. @returns the function that ends that */
  onState(listener: (state: LiveState) => void): () => void;
  /** Ends all subscriptions. */
  close(): void;
}

interface Entry {
  readonly wanted: LiveWanted;
  readonly listener: LiveListener;
  /** On the wire; a new one at every attempt, so that what still comes for an older one is known as such. */
  id: string;
  /** Of the next message; 0 is the snapshot. */
  nextSeq: number;
}

/** Refusals that pass by themselves; the subscription is tried again after this pause. */
const passing: ReadonlySet<string> = new Set(['rate_limited', 'overloaded', 'internal_error', 'storage_unavailable']);
const passingPauseMs = 5_000;

/** Checked against the contract by its type alone, so that a page does not load the schemas. */
const sessionEnded: typeof liveCloseCodes.sessionEnded = 4401;

type Connect = (url: string, headers: Readonly<Record<string, string>>) => LiveWebSocket;

/** @param connect for tests; browsers and Node have the WebSocket that is used otherwise */
export function createLiveClient(requester: Requester, connect: Connect = openWebSocket): LiveClient {
  const entries = new Map<string, Entry>();
  const stateListeners = new Set<(state: LiveState) => void>();
  let socket: LiveSocket | undefined;
  let lastId = 0;

  function open(): LiveSocket {
    const address = requester.url('/v1/live');
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const { apiKey } = requester;
    return openLiveSocket({
      connect: () => connect(address.href, apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      // A browser does not tell why an upgrade was refused: ask in a way that does.
      mayRetry: () =>
        requester.json('GET', '/v1/session').then(
          () => true,
          (error: unknown) => !(error instanceof GapuraError) || (error.status !== 401 && error.status !== 403),
        ),
      finalCloseCode: sessionEnded,
      onOpen: () => {
        for (const entry of [...entries.values()]) begin(entry);
      },
      onMessage: (text) => receive(JSON.parse(text) as LiveServerMessage),
      onEnd: () => {
        socket = undefined;
        for (const entry of [...entries.values()])
          fail(entry, new GapuraError('session_expired', 401, 'The session has ended.'));
      },
      onState: (state) => {
        for (const listener of stateListeners) listener(state);
      },
    });
  }

  /** (Re)subscribes under a new id. */
  function begin(entry: Entry): void {
    entries.delete(entry.id);
    entry.id = String(++lastId);
    entry.nextSeq = 0;
    entries.set(entry.id, entry);
    socket?.send({ type: 'subscribe', id: entry.id, ...entry.wanted });
  }

  function receive(message: LiveServerMessage): void {
    const entry = message.id === null ? undefined : entries.get(message.id);
    if (entry === undefined) return;
    if (message.type === 'error') {
      refused(entry, message.code, message.detail);
    } else if (message.seq !== entry.nextSeq) {
      // A message is missing, so what is known here is no longer what the server has.
      socket?.send({ type: 'unsubscribe', id: entry.id });
      begin(entry);
    } else {
      entry.nextSeq++;
      if (message.type === 'snapshot') entry.listener.onSnapshot(message.devices);
      else entry.listener.onChanges(message.changes, message.coalesced === true);
    }
  }

  function refused(entry: Entry, code: string, detail: string): void {
    if (!passing.has(code)) {
      // The server's catalogue may be newer than this client's: an unknown code passes as the text it is.
      fail(entry, new GapuraError(code as GapuraErrorCode, 0, detail));
      return;
    }
    const { id } = entry;
    setTimeout(() => {
      if (entries.get(id) === entry) begin(entry);
    }, passingPauseMs);
  }

  function fail(entry: Entry, error: GapuraError): void {
    entries.delete(entry.id);
    closeWhenUnused();
    entry.listener.onError?.(error);
  }

  function closeWhenUnused(): void {
    if (entries.size > 0) return;
    socket?.close();
    socket = undefined;
  }

  return {
    subscribe(wanted, listener) {
      const entry: Entry = { wanted, listener, id: String(++lastId), nextSeq: 0 };
      entries.set(entry.id, entry);
      if (socket === undefined) socket = open();
      else if (socket.state === 'open') begin(entry);
      return {
        end() {
          if (entries.get(entry.id) !== entry) return;
          entries.delete(entry.id);
          socket?.send({ type: 'unsubscribe', id: entry.id });
          closeWhenUnused();
        },
      };
    },
    onState(listener) {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    close() {
      entries.clear();
      closeWhenUnused();
    },
  };
}

/** Only Node's WebSocket can carry headers; in browsers the cookie speaks, and there are none to carry. */
function openWebSocket(url: string, headers: Readonly<Record<string, string>>): LiveWebSocket {
  // The platform's type is written around `this` and DOM events; what is used of it is the same.
  const PlatformWebSocket = WebSocket as unknown as new (url: string, options?: object) => LiveWebSocket;
  return Object.keys(headers).length === 0 ? new PlatformWebSocket(url) : new PlatformWebSocket(url, { headers });
}
