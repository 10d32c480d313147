import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../../ui/button.tsx';
import { Dialog, DialogActions } from '../../../ui/dialog.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField, TextAreaField, TextField } from '../../../ui/field.tsx';
import { attributeOfText, attributeToText, attributeTypes, typeOfAttribute } from './attribute-value.ts';

/** Makes or changes one attribute. @param attributeKey empty for a new one */
export function AttributeDialog({
  attributeKey,
  value: given,
  onSave,
  onClose,
}: {
  readonly attributeKey: string;
  readonly value: unknown;
  onSave(key: string, value: unknown): Promise<void>;
  onClose(): void;
}) {
  const { t } = useTranslation('devices');
  const { t: common } = useTranslation();
  const isNew = attributeKey === '';
  const [key, setKey] = useState(attributeKey);
  const [type, setType] = useState(typeOfAttribute(given));
  const [text, setText] = useState(attributeToText(given));
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const value = attributeOfText(type, text);
  const fault =
    value === undefined && text !== '' ? t(`attributes.wrong.${type === 'number' ? 'number' : 'json'}`) : undefined;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await onSave(key, value);
      onClose();
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={isNew ? t('attributes.add') : t('attributes.editOf', { key: attributeKey })}
    >
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        {isNew && (
          <TextField
            label={t('latest.key')}
            required
            mono
            maxLength={255}
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        )}
        <SelectField
          label={t('attributes.type')}
          value={type}
          onChange={(event) => {
            const next = attributeTypes.find((each) => each === event.target.value) ?? 'text';
            setType(next);
            if (next === 'flag') setText('true');
          }}
        >
          {attributeTypes.map((each) => (
            <option key={each} value={each}>
              {t(`attributes.types.${each}`)}
            </option>
          ))}
        </SelectField>
        {type === 'flag' ? (
          <SelectField label={t('latest.value')} value={text} onChange={(event) => setText(event.target.value)}>
            <option value="true">true</option>
            <option value="false">false</option>
          </SelectField>
        ) : type === 'json' ? (
          <TextAreaField
            label={t('latest.value')}
            mono
            rows={6}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
            {...(fault !== undefined && { error: fault })}
          />
        ) : (
          <TextField
            label={t('latest.value')}
            inputMode={type === 'number' ? 'decimal' : 'text'}
            value={text}
            onChange={(event) => setText(event.target.value)}
            {...(fault !== undefined && { error: fault })}
          />
        )}
        <ErrorNote error={error} />
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" busy={isBusy} disabled={value === undefined || key === ''}>
            {common('save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
