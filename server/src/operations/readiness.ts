/** Whether the process can do its work, for load balancers and supervisors. */
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';

/** @returns undefined when all is well, else one sentence without secrets. What it throws is told as a bare failure. */
export type ReadinessCheck = () => Promise<string | undefined> | string | undefined;

export interface ReadinessReport {
  readonly ready: boolean;
  /** By check: `ok` or what is wrong. */
  readonly checks: { readonly [name: string]: string };
}

/** A check that takes longer has failed: whoever asks gives up about then. */
const checkTimeoutMs = 2000;
/** Anybody may ask, and a check writes to the disk: askers within this time share one answer. */
const keepMs = 1000;

export interface ReadinessDeps {
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  readonly clock: Clock;
  failed(name: string, error: unknown): void;
}

export function createReadiness(deps: ReadinessDeps): { report(): Promise<ReadinessReport> } {
  let kept: { readonly at: number; readonly report: Promise<ReadinessReport> } | undefined;

  async function runCheck(name: string, check: ReadinessCheck): Promise<string> {
    let cancel = (): void => {};
    const late = new Promise<string>((resolve) => {
      cancel = deps.clock.after(checkTimeoutMs, () => resolve(`no answer within ${checkTimeoutMs} ms`));
    });
    try {
      return (await Promise.race([Promise.resolve().then(check), late])) ?? 'ok';
    } catch (error) {
      deps.failed(name, error);
      return 'failed; the log says more';
    } finally {
      cancel();
    }
  }

  async function run(): Promise<ReadinessReport> {
    const entries = Object.entries(deps.checks);
    const results = await Promise.all(
      entries.map(async ([name, check]) => [name, await runCheck(name, check)] as const),
    );
    return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
  }

  return {
    report() {
      const now = deps.clock.now();
      if (kept === undefined || now - kept.at >= keepMs) kept = { at: now, report: run() };
      return kept.report;
    },
  };
}

/** Writes one row, as every change of an entity does: a full or read-only disk shows here. */
export function databaseWritable(db: Db, clock: Clock): ReadinessCheck {
  return async () => {
    const row = { name: 'last_readiness_check', value: String(clock.now()) };
    await db
      .insertInto('settings')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: row.value }))
      .execute();
    return undefined;
  };
}
