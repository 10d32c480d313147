/**
 * What is happening, for whoever looks. The database is what is true: a message that nobody hears is lost and that is
 * fine. Subjects are named in `subjects.ts`; every message has one shape, so processes can share it.
 */
import type { BusMessage } from './subjects.ts';

export interface Bus {
  /** Hands the message to everyone who subscribed to its subject. Never throws and never waits. */
  publish(subject: string, message: BusMessage): void;
  /** Whether somebody in reach listens to this subject: what nobody wants need not be built. */
  hasInterest(subject: string): boolean;
  /**
   * Whether somebody listens to any subject that begins with this token: with one question a batch knows that it need not
   * ask for each of its messages.
   */
  hasInterestWithin(token: string): boolean;
  /**
   * @param pattern a subject; the token `*` stands for any one token
   * @returns the function that ends the subscription
   */
  subscribe(pattern: string, handler: (message: BusMessage, subject: string) => void): () => void;
}
