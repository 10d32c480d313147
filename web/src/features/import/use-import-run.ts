import { useCallback, useEffect, useRef, useState } from 'react';
import type { ImportCounts, ImportEvent, ImportRowError } from '#contract/import.ts';
import type { ImportOptions } from '#sdk/imports.ts';
import { gapura } from '../../api.ts';
import { csvLine } from '../../ui/download.ts';

export interface ImportRun {
  readonly state: 'idle' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly isDryRun: boolean;
  readonly counts: ImportCounts;
  /** The first rows that were left out; `errorLines` has all of them. */
  readonly errors: readonly ImportRowError[];
  /** CSV lines of the rows that were left out. */
  readonly errorLines: readonly string[];
  /** CSV lines of new credentials; empty unless they were asked for. */
  readonly credentialLines: readonly string[];
  readonly stopped: string | null;
  readonly error: unknown;
}

const nothing: ImportCounts = { rows: 0, created: 0, unchanged: 0, updated: 0, failed: 0 };
const idle: ImportRun = {
  state: 'idle',
  isDryRun: true,
  counts: nothing,
  errors: [],
  errorLines: [],
  credentialLines: [],
  stopped: null,
  error: undefined,
};

/** As many as a person reads; all of them are in the file to download. */
const shownErrors = 200;
/** How often the page shows how far it is. */
const stepMs = 100;

/** Sends a file and follows what becomes of its rows. @param lineShift lines that were put before those of the file */
export function useImportRun() {
  const [run, setRun] = useState<ImportRun>(idle);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const start = useCallback(async (csv: Blob, options: ImportOptions, lineShift: number): Promise<void> => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    const isDryRun = options.dryRun === true;
    const errors: ImportRowError[] = [];
    const errorLines: string[] = [];
    const credentialLines: string[] = [];
    let counts = nothing;
    let stopped: string | null = null;
    let shownAt = 0;
    const show = (state: ImportRun['state'], error?: unknown): void => {
      if (abort.current !== controller) return;
      setRun({ state, isDryRun, counts, errors: [...errors], errorLines, credentialLines, stopped, error });
    };
    const take = (event: ImportEvent): void => {
      if (event.type === 'error') {
        const { type: _, ...rest } = event;
        const error = { ...rest, line: rest.line - lineShift };
        if (errors.length < shownErrors) errors.push(error);
        errorLines.push(csvLine([error.line, error.name, error.column, error.code, error.reason]));
      } else if (event.type === 'credentials') {
        credentialLines.push(credentialsLine(event));
      } else {
        const { rows, created, unchanged, updated, failed } = event;
        counts = { rows, created, unchanged, updated, failed };
        if (event.type === 'summary') stopped = event.stopped?.reason ?? null;
      }
    };
    show('running');
    try {
      for await (const event of gapura.imports.devices(csv, options, controller.signal)) {
        take(event);
        if (performance.now() - shownAt > stepMs) {
          shownAt = performance.now();
          show('running');
        }
      }
      show('done');
    } catch (error) {
      show(controller.signal.aborted ? 'cancelled' : 'failed', error);
    }
  }, []);

  return {
    run,
    start,
    cancel: useCallback(() => abort.current?.abort(), []),
    reset: useCallback(() => {
      abort.current?.abort();
      abort.current = undefined;
      setRun(idle);
    }, []),
  };
}

export const credentialsHeader = csvLine(['name', 'deviceId', 'type', 'token', 'clientId', 'userName', 'password']);
export const errorsHeader = csvLine(['line', 'name', 'column', 'code', 'reason']);

function credentialsLine({ name, deviceId, credentials }: Extract<ImportEvent, { type: 'credentials' }>): string {
  const token = credentials.type === 'ACCESS_TOKEN' ? credentials.token : undefined;
  const mqtt = credentials.type === 'MQTT_BASIC' ? credentials : undefined;
  return csvLine([name, deviceId, credentials.type, token, mqtt?.clientId, mqtt?.userName, mqtt?.password]);
}
