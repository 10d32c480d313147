import { useCallback, useEffect, useRef, useState } from 'react';
import type { ImportCounts, ImportEvent, ImportRowError } from '#contract/import.ts';
import { GapuraError } from '#sdk/error.ts';
import type { ImportOptions } from '#sdk/imports.ts';
import { gapura } from '../../api.ts';
import { csvLine } from '../../ui/download.ts';
import { type CsvPartsOptions, partsOf } from './csv-parts.ts';

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

/** Another import is running: how often to ask again, and how long to wait before it, ms. */
const maxTries = 20;
const busyPauseMs = 2000;

export interface ImportSource extends CsvPartsOptions {
  readonly file: Blob;
  /** The line that says what the columns are. */
  readonly header: string;
}

/** Sends a file, part by part, and follows what becomes of its rows. */
export function useImportRun() {
  const [run, setRun] = useState<ImportRun>(idle);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const start = useCallback(async (source: ImportSource, options: ImportOptions): Promise<void> => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    const isDryRun = options.dryRun === true;
    const errors: ImportRowError[] = [];
    const errorLines: string[] = [];
    const credentialLines: string[] = [];
    let before = nothing;
    let counts = nothing;
    let stopped: string | null = null;
    let shownAt = 0;
    const show = (state: ImportRun['state'], error?: unknown): void => {
      if (abort.current !== controller) return;
      setRun({ state, isDryRun, counts, errors: [...errors], errorLines, credentialLines, stopped, error });
    };
    const takeError = (error: ImportRowError): void => {
      if (errors.length < shownErrors) errors.push(error);
      errorLines.push(csvLine([error.line, error.name, error.column, error.code, error.reason]));
    };
    const take = (event: ImportEvent, firstLine: number): void => {
      if (event.type === 'error') {
        const { type: _, ...error } = event;
        // The header of the part is its line 1.
        takeError({ ...error, line: error.line - 2 + firstLine });
      } else if (event.type === 'credentials') {
        credentialLines.push(credentialsLine(event));
      } else {
        counts = sum(before, event);
        if (event.type === 'summary') stopped = event.stopped?.reason ?? null;
      }
    };
    show('running');
    try {
      for await (const { text, firstLine, duplicates } of partsOf(source.file, source)) {
        for (const { line, name, firstLine: known } of duplicates) {
          const reason = `The name stands on line ${known} already.`;
          takeError({ line, name, column: 'name', code: 'duplicate_name', reason });
        }
        const left = { ...nothing, rows: duplicates.length, failed: duplicates.length };
        before = sum(counts, left);
        counts = before;
        for await (const event of importWhenFree(source.header + text, options, controller.signal)) {
          take(event, firstLine);
          if (performance.now() - shownAt < stepMs) continue;
          shownAt = performance.now();
          show('running');
        }
        if (stopped !== null) break;
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

function sum(a: ImportCounts, b: ImportCounts): ImportCounts {
  return {
    rows: a.rows + b.rows,
    created: a.created + b.created,
    unchanged: a.unchanged + b.unchanged,
    updated: a.updated + b.updated,
    failed: a.failed + b.failed,
  };
}

/** Waits for its turn while others import. Nothing has begun when the server says that it is busy. */
async function* importWhenFree(csv: string, options: ImportOptions, signal: AbortSignal): AsyncGenerator<ImportEvent> {
  for (let tries = 1; ; tries++) {
    try {
      yield* gapura.imports.devices(csv, options, signal);
      return;
    } catch (error) {
      const isBusy = error instanceof GapuraError && error.code === 'overloaded';
      if (!isBusy || tries === maxTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, busyPauseMs));
      signal.throwIfAborted();
    }
  }
}

export const credentialsHeader = csvLine(['name', 'deviceId', 'type', 'token', 'clientId', 'userName', 'password']);
export const errorsHeader = csvLine(['line', 'name', 'column', 'code', 'reason']);

function credentialsLine({ name, deviceId, credentials }: Extract<ImportEvent, { type: 'credentials' }>): string {
  const token = credentials.type === 'ACCESS_TOKEN' ? credentials.token : undefined;
  const mqtt = credentials.type === 'MQTT_BASIC' ? credentials : undefined;
  return csvLine([name, deviceId, credentials.type, token, mqtt?.clientId, mqtt?.userName, mqtt?.password]);
}
