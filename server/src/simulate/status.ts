/** What a running fleet shows: one line that changes on a terminal, a line every few seconds elsewhere. */
import type { Counters } from './counters.ts';

export interface StatusOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const terminalPeriodMs = 250;
const linePeriodMs = 5_000;

/** @returns the function that shows the last state and ends the display */
export function showStatus(output: StatusOutput, total: number, counters: Readonly<Counters>): () => void {
  const isTerminal = output.isTTY === true;
  let lastMs = performance.now();
  let lastAcknowledged = 0;
  let perSecond = 0;

  function show(): void {
    const nowMs = performance.now();
    if (nowMs - lastMs >= 1000) {
      perSecond = ((counters.acknowledged - lastAcknowledged) / (nowMs - lastMs)) * 1000;
      lastMs = nowMs;
      lastAcknowledged = counters.acknowledged;
    }
    const line = statusLine(total, counters, perSecond);
    output.write(isTerminal ? `\r\x1b[2K${line.slice(0, (output.columns ?? 120) - 1)}` : `${line}\n`);
  }

  const timer = setInterval(show, isTerminal ? terminalPeriodMs : linePeriodMs);
  return () => {
    clearInterval(timer);
    if (isTerminal) output.write('\r\x1b[2K');
  };
}

function statusLine(total: number, counters: Readonly<Counters>, perSecond: number): string {
  const parts = [
    `${counters.connected}/${total} devices online`,
    `${Math.round(perSecond)} messages/s`,
    `${counters.acknowledged} acknowledged`,
    `${counters.sent - counters.acknowledged - counters.failed} in flight`,
    `${counters.failed} failed`,
  ];
  if (counters.refused > 0) parts.push(`${counters.refused} refused`);
  if (counters.heldBack > 0) parts.push(`${counters.heldBack} held back`);
  if (counters.reconnects > 0) parts.push(`${counters.reconnects} reconnects`);
  return parts.join(' · ');
}

/** What is printed when a fleet has left. */
export function totalsText(total: number, counters: Readonly<Counters>, elapsedMs: number): string {
  const seconds = elapsedMs / 1000;
  return [
    `${total} devices: ${counters.provisioned} provisioned and connected, ${counters.refused} refused, ${counters.reconnects} reconnects`,
    `${counters.sent} messages sent in ${seconds.toFixed(1)} s: ${counters.acknowledged} acknowledged (${(counters.acknowledged / Math.max(seconds, 0.001)).toFixed(1)}/s), ${counters.failed} failed, ${counters.heldBack} held back`,
  ].join('\n');
}
