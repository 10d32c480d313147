import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DashboardVariable, Widget } from '#contract/dashboards.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { SelectField, TextAreaField, TextField } from '../../ui/field.tsx';
import { KeysField, useKnownKeys } from './keys-field.tsx';
import { draftOf, emptyDraft, type WidgetDraft, widgetKinds, widgetOf } from './new-widget.ts';
import { PlanField } from './plan-field.tsx';
import { SourceFields } from './source-fields.tsx';

const aggregates = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const;
const keysLimit = 8;

/** What a widget shows, and how. */
export function WidgetDialog({
  widget,
  frameOf,
  variables,
  onSave,
  onClose,
}: {
  /** Absent for a new one. */
  readonly widget?: Widget | undefined;
  /** Where a new one stands. */
  frameOf(kind: Widget['kind']): { id: string; x: number; y: number; w: number; h: number };
  readonly variables: readonly DashboardVariable[];
  onSave(widget: Widget): void;
  onClose(): void;
}) {
  const { t } = useTranslation('dashboards');
  const common = useTranslation().t;
  const [draft, setDraft] = useState<WidgetDraft>(() => {
    if (widget !== undefined) return draftOf(widget);
    const [variable] = variables;
    return { ...emptyDraft, source: variable === undefined ? undefined : { type: 'variable', name: variable.name } };
  });
  const set = (changes: Partial<WidgetDraft>): void => setDraft({ ...draft, ...changes });
  const known = useKnownKeys(draft.source);
  const { kind } = draft;
  const result = widgetOf(draft, widget ?? frameOf(kind));
  const isMany = kind === 'table' || kind === 'timeSeries';
  const hasKeys = isMany || kind === 'value' || kind === 'gauge' || kind === 'bar';
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (result === undefined) return;
    const [key] = draft.keys;
    // A widget without a title is called by what it shows.
    onSave(
      result.title === '' && hasKeys && key !== undefined
        ? { ...result, title: isMany ? draft.keys.join(', ').slice(0, 120) : key }
        : result,
    );
    onClose();
  };
  return (
    <Dialog open onOpenChange={onClose} title={widget === undefined ? t('edit.add') : t('edit.change')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <SelectField
          label={t('edit.kind')}
          hint={t(`kindTexts.${kind}`)}
          value={kind}
          onChange={(event) => {
            const next = widgetKinds.find((each) => each === event.target.value);
            if (next !== undefined) set({ kind: next });
          }}
        >
          {widgetKinds.map((each) => (
            <option key={each} value={each}>
              {t(`kinds.${each}`)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t('edit.title')}
          value={draft.title}
          maxLength={120}
          onChange={(event) => set({ title: event.target.value })}
        />
        {kind === 'text' && (
          <TextAreaField
            label={t('edit.text')}
            value={draft.text}
            maxLength={10_000}
            onChange={(event) => set({ text: event.target.value })}
          />
        )}
        {kind === 'events' && (
          <SelectField
            label={t('edit.list')}
            value={draft.list}
            onChange={(event) => set({ list: event.target.value === 'security' ? 'security' : 'audit' })}
          >
            <option value="audit">{t('edit.lists.audit')}</option>
            <option value="security">{t('edit.lists.security')}</option>
          </SelectField>
        )}
        {kind !== 'text' && kind !== 'events' && (
          <SourceFields source={draft.source} variables={variables} onChange={(source) => set({ source })} />
        )}
        {hasKeys && (
          <KeysField
            keys={isMany ? draft.keys : draft.keys.slice(0, 1)}
            known={known}
            most={isMany ? keysLimit : 1}
            onChange={(keys) => set({ keys })}
          />
        )}
        {kind === 'map' && (
          <>
            <div className="grid grid-cols-3 gap-2">
              {(['latitudeKey', 'longitudeKey', 'valueKey'] as const).map((field) => (
                <TextField
                  key={field}
                  label={t(`edit.${field}`)}
                  mono
                  maxLength={255}
                  value={draft[field]}
                  onChange={(event) => set({ [field]: event.target.value.trim() })}
                />
              ))}
            </div>
            <PlanField plan={draft.plan} onChange={(plan) => set({ plan })} />
          </>
        )}
        {kind === 'timeSeries' && (
          <SelectField
            label={t('edit.aggregate')}
            value={draft.aggregate}
            onChange={(event) => set({ aggregate: aggregates.find((each) => each === event.target.value) ?? 'avg' })}
          >
            {aggregates.map((each) => (
              <option key={each} value={each}>
                {t(`edit.aggregates.${each}`)}
              </option>
            ))}
          </SelectField>
        )}
        {kind === 'gauge' && (
          <div className="grid grid-cols-2 gap-2">
            <TextField
              label={t('edit.min')}
              type="number"
              step="any"
              required
              value={draft.min}
              onChange={(event) => set({ min: event.target.value })}
            />
            <TextField
              label={t('edit.max')}
              type="number"
              step="any"
              required
              value={draft.max}
              onChange={(event) => set({ max: event.target.value })}
            />
          </div>
        )}
        {hasKeys && (
          <div className="grid grid-cols-2 gap-2">
            {kind !== 'table' && (
              <TextField
                label={t('edit.unit')}
                placeholder="°C"
                maxLength={16}
                value={draft.unit}
                onChange={(event) => set({ unit: event.target.value })}
              />
            )}
            {kind !== 'timeSeries' && (
              <TextField
                label={t('edit.decimals')}
                type="number"
                min={0}
                max={6}
                value={draft.decimals}
                onChange={(event) => set({ decimals: event.target.value })}
              />
            )}
          </div>
        )}
        {(kind === 'value' || kind === 'gauge') && (
          <div className="grid grid-cols-2 gap-2">
            <TextField
              label={t('edit.warnFrom')}
              type="number"
              step="any"
              value={draft.warnFrom}
              onChange={(event) => set({ warnFrom: event.target.value })}
            />
            <TextField
              label={t('edit.dangerFrom')}
              type="number"
              step="any"
              value={draft.dangerFrom}
              onChange={(event) => set({ dangerFrom: event.target.value })}
            />
          </div>
        )}
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" disabled={result === undefined}>
            {widget === undefined ? t('edit.addThis') : t('edit.take')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
