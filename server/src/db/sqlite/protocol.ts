/** What crosses between the SQLite dialect and its writer thread. */
export type SqlValue = null | number | bigint | string | Uint8Array;

export interface WriteRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
  /**
   * 0: commits by itself (together with others that wait: group commit).
   * Otherwise the number of the transaction to which it belongs; `BEGIN` opens it.
   */
  readonly transaction: number;
}

export interface WriteReply {
  readonly id: number;
  readonly rows: readonly Record<string, SqlValue>[];
  readonly changes: number;
  readonly error?: { readonly message: string; readonly code: string; readonly errcode: number };
}

/** Statements kept prepared per connection; multi-row inserts make many different texts. */
export const preparedLimit = 256;
