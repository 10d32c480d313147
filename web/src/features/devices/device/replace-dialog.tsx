import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CredentialsRequest, DeviceCredentials } from '#contract/credentials.ts';
import { gapura } from '../../../api.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog, DialogActions } from '../../../ui/dialog.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField, TextAreaField } from '../../../ui/field.tsx';

const kinds = ['ACCESS_TOKEN', 'HS256', 'ES256', 'EdDSA'] as const;
type Kind = (typeof kinds)[number];

/** Gives the device other credentials: a token, a key that Gapura makes, or the public half of a key that it holds. */
export function ReplaceDialog({
  deviceId,
  onDone,
  onClose,
}: {
  readonly deviceId: string;
  onDone(made: DeviceCredentials): void;
  onClose(): void;
}) {
  const { t } = useTranslation('devices');
  const { t: common } = useTranslation();
  const [kind, setKind] = useState<Kind>('HS256');
  const [publicKey, setPublicKey] = useState('');
  const replace = useMutation({
    mutationFn: () => gapura.credentials.set(deviceId, requestOf(kind, publicKey)),
    onSuccess: onDone,
    gcTime: 0,
  });
  const needsKey = kind === 'ES256' || kind === 'EdDSA';
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={t('credentials.replace')}
      description={t('credentials.replaceText')}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          replace.mutate();
        }}
      >
        <SelectField
          label={t('credentials.kind')}
          hint={t(`credentials.kinds.${kind}.text`)}
          value={kind}
          onChange={(event) => setKind(kinds.find((each) => each === event.target.value) ?? 'HS256')}
        >
          {kinds.map((each) => (
            <option key={each} value={each}>
              {t(`credentials.kinds.${each}.title`)}
            </option>
          ))}
        </SelectField>
        {needsKey && (
          <TextAreaField
            label={t('credentials.fields.publicKey')}
            hint={t('credentials.publicKeyHint')}
            mono
            rows={5}
            required
            spellCheck={false}
            maxLength={4096}
            value={publicKey}
            onChange={(event) => setPublicKey(event.target.value)}
          />
        )}
        <ErrorNote error={replace.error} />
        <DialogActions>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button type="submit" tone="primary" busy={replace.isPending}>
            {t('credentials.replace')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function requestOf(kind: Kind, publicKey: string): CredentialsRequest {
  if (kind === 'ACCESS_TOKEN') return { type: 'ACCESS_TOKEN', token: randomToken() };
  if (kind === 'HS256') return { type: 'JWT', alg: 'HS256' };
  return { type: 'JWT', alg: kind, publicKey: jwkOf(publicKey) ?? publicKey.trim() };
}

/** A JWK is JSON, a PEM is not. */
function jwkOf(text: string): { kty: string; [member: string]: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('kty' in value)) return undefined;
    const members = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return { kty: String(value.kty), ...Object.fromEntries(members) };
  } catch {
    return undefined;
  }
}

/** 20 letters and digits: some 100 random bits. */
export function randomToken(): string {
  return [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => (byte % 36).toString(36)).join('');
}
