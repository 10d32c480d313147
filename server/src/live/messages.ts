/** What clients send, read and judged. */
import { Compile } from 'typebox/compile';
import { type LiveClientMessage, LiveSubscribe, LiveUnsubscribe } from '#contract/live.ts';

const validators = { subscribe: Compile(LiveSubscribe), unsubscribe: Compile(LiveUnsubscribe) };

/** Why a message was refused, and the subscription that it named. */
export interface Malformed {
  readonly malformed: string;
  readonly id: string | null;
}

/** @param text undefined for a binary frame */
export function readClientMessage(text: string | undefined): LiveClientMessage | Malformed {
  if (text === undefined) return { malformed: 'Messages are JSON in text frames; this one was binary.', id: null };
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { malformed: 'The message is not JSON.', id: null };
  }
  const { type, id } = asObject(message);
  const named = typeof id === 'string' ? id.slice(0, 64) : null;
  if (type === 'subscribe' && validators.subscribe.Check(message)) return message;
  if (type === 'unsubscribe' && validators.unsubscribe.Check(message)) return message;
  if (type !== 'subscribe' && type !== 'unsubscribe') {
    return { malformed: 'The `type` of a message must be subscribe or unsubscribe.', id: named };
  }
  const [fault] = validators[type].Errors(message);
  return { malformed: `${fault?.instancePath || 'The message'} ${fault?.message ?? 'is not valid'}.`, id: named };
}

function asObject(message: unknown): { readonly type?: unknown; readonly id?: unknown } {
  return typeof message === 'object' && message !== null ? message : {};
}
