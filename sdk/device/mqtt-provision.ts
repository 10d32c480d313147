import { type MqttConnectionOptions, openMqttConnection } from './mqtt-connection.ts';
import { type ProvisionAnswer, ProvisionError, type ProvisionRequest, parseProvisionAnswer } from './provision.ts';

export interface MqttProvisionOptions extends Omit<MqttConnectionOptions, 'username' | 'password'> {
  /** How long to wait for the answer, ms. */
  readonly answerTimeoutMs?: number;
}

const defaultAnswerTimeoutMs = 30_000;

/**
 * Connects as `provision`, asks, takes the answer and leaves.
 * @returns the outcome; a refusal (NOT_FOUND, FAILURE) is an answer, not an error
 * @throws ProvisionError when there is no outcome (the server closes the connection when it limits the rate)
 */
export async function provisionOverMqtt(
  options: MqttProvisionOptions,
  request: ProvisionRequest,
): Promise<ProvisionAnswer> {
  const connection = await openMqttConnection({ ...options, username: 'provision' }).catch((error: Error) => {
    throw new ProvisionError(error.message, 0, undefined, error);
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = new Promise<string>((resolve, reject) => {
      connection.onMessage((topic, payload) => {
        if (topic === '/provision/response') resolve(payload.toString('utf8'));
      });
      void connection.closed.then(() => reject(new ProvisionError('The server closed the connection.')));
      const limitMs = options.answerTimeoutMs ?? defaultAnswerTimeoutMs;
      timer = setTimeout(() => reject(new ProvisionError(`No answer came within ${limitMs} ms.`)), limitMs);
    });
    const [, , text] = await Promise.all([
      connection.subscribe('/provision/response'),
      connection.publish('/provision/request', JSON.stringify(request)),
      answer,
    ]);
    return parseProvisionAnswer(text);
  } catch (error) {
    if (error instanceof ProvisionError) throw error;
    throw new ProvisionError(error instanceof Error ? error.message : String(error), 0, undefined, error);
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}
