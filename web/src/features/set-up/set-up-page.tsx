/** The first start. The one-time token comes in the fragment of the printed link, which browsers send to nobody. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Navigate, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CompleteSetup } from '#contract/setup.ts';
import { gapura } from '../../api.ts';
import { currentLanguage } from '../../i18n/i18n.ts';
import { beginSession, setupQuery } from '../../session/session.ts';
import { GatePage } from '../../shell/gate-page.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { controlClass, TextField } from '../../ui/field.tsx';
import { ErrorState } from '../../ui/states.tsx';
import { usePasswordStrength } from './password-strength.ts';
import { StrengthMeter } from './strength-meter.tsx';

const readToken = (): string => new URLSearchParams(location.hash.slice(1)).get('token') ?? '';

export function SetUpPage() {
  const { t } = useTranslation('setUp');
  const navigate = useNavigate();
  const passwordId = useId();
  const setup = useQuery(setupQuery);
  const [linkToken] = useState(readToken);
  const [fields, setFields] = useState({ token: linkToken, tenantName: '', name: '', email: '', password: '' });
  const strength = usePasswordStrength(fields.password, [fields.email, fields.name, fields.tenantName]);
  const complete = useMutation({
    mutationFn: (wanted: CompleteSetup) => gapura.setup.complete(wanted),
    meta: { provesIdentity: true },
    onSuccess: async (session) => {
      beginSession(session);
      await navigate({ to: '/' });
    },
  });

  // The token leaves the address bar, and with it the history and what somebody may see over a shoulder.
  useEffect(() => {
    if (linkToken !== '') history.replaceState(history.state, '', location.pathname);
  }, [linkToken]);

  const field = (name: keyof typeof fields) => ({
    name,
    value: fields[name],
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { token, email, password, name, tenantName } = fields;
    complete.mutate({
      token,
      email,
      password,
      language: currentLanguage(),
      ...(name.trim() !== '' && { name: name.trim() }),
      ...(tenantName.trim() !== '' && { tenantName: tenantName.trim() }),
    });
  };

  if (setup.isError) return <ErrorState error={setup.error} onRetry={() => void setup.refetch()} />;
  if (setup.data?.required === false && !complete.isSuccess) return <Navigate to="/sign-in" />;
  return (
    <GatePage title={t('title')} lead={t('lead')}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        {linkToken === '' && (
          <TextField
            label={t('token')}
            hint={t('tokenHint')}
            autoComplete="off"
            spellCheck={false}
            required
            maxLength={128}
            mono
            {...field('token')}
          />
        )}
        <TextField
          label={t('tenantName')}
          hint={t('tenantHint')}
          autoComplete="organization"
          maxLength={255}
          {...field('tenantName')}
        />
        <TextField label={t('name')} autoComplete="name" maxLength={255} {...field('name')} />
        <TextField
          label={t('email')}
          type="email"
          autoComplete="username"
          required
          maxLength={254}
          {...field('email')}
        />
        <div className="flex flex-col gap-1">
          <label htmlFor={passwordId} className="font-medium text-ink text-xs">
            {t('password')}
          </label>
          <input
            id={passwordId}
            type="password"
            autoComplete="new-password"
            required
            minLength={12}
            maxLength={256}
            className={`${controlClass} h-8`}
            {...field('password')}
          />
          <StrengthMeter strength={strength} />
        </div>
        <div>
          <Button type="submit" tone="primary" className="w-full" busy={complete.isPending}>
            {t('submit')}
          </Button>
          <ErrorNote error={complete.error} />
        </div>
      </form>
    </GatePage>
  );
}
