import { useMutation, useQuery } from '@tanstack/react-query';
import { Navigate, useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SignIn } from '#contract/session.ts';
import { GapuraError } from '#sdk/error.ts';
import { gapura } from '../../api.ts';
import { useFormat } from '../../i18n/format.ts';
import { currentLanguage, setLanguage } from '../../i18n/i18n.ts';
import { beginSession, rememberLanguage, setupQuery } from '../../session/session.ts';
import { GatePage } from '../../shell/gate-page.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TextField } from '../../ui/field.tsx';
import { useNow } from '../../ui/time-ago.tsx';

export function SignInPage() {
  const { t } = useTranslation('signIn');
  const { next, reason } = useSearch({ from: '/sign-in' });
  const navigate = useNavigate();
  const router = useRouter();
  const setup = useQuery(setupQuery);
  const [languageAtFirst] = useState(currentLanguage);
  const [lockedUntilMs, setLockedUntilMs] = useState(0);
  const signIn = useMutation({
    mutationFn: (credentials: SignIn) => gapura.session.signIn(credentials),
    meta: { provesIdentity: true },
    onSuccess: async (session) => {
      beginSession(session);
      // The account's language, unless another was chosen on this page: then the account learns it.
      if (currentLanguage() === languageAtFirst && session.user !== null) await setLanguage(session.user.language);
      else void rememberLanguage(currentLanguage()).catch(() => undefined);
      if (next === undefined) await navigate({ to: '/' });
      else router.history.push(next);
    },
    onError: (error) => {
      const waitMs = error instanceof GapuraError && error.code === 'locked_out' ? (error.retryAfterMs ?? 0) : 0;
      setLockedUntilMs(waitMs === 0 ? 0 : Date.now() + waitMs);
    },
  });

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ email: String(form.get('email')), password: String(form.get('password')) });
  };

  if (setup.data?.required) return <Navigate to="/setup" />;
  return (
    <GatePage title={t('title')}>
      {reason === 'expired' && signIn.isIdle && (
        <p role="status" className="mb-4 rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
          {t('expired')}
        </p>
      )}
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label={t('email')}
          name="email"
          type="email"
          autoComplete="username"
          required
          maxLength={254}
          autoFocus
        />
        <TextField
          label={t('password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          maxLength={256}
        />
        <div>
          <SubmitButton busy={signIn.isPending} lockedUntilMs={lockedUntilMs} />
          {lockedUntilMs === 0 && <ErrorNote error={signIn.error} />}
        </div>
      </form>
    </GatePage>
  );
}

/** While the account is locked it says for how long, to the second, and opens by itself. */
function SubmitButton({ busy, lockedUntilMs }: { readonly busy: boolean; readonly lockedUntilMs: number }) {
  const { t } = useTranslation('signIn');
  const format = useFormat();
  const now = useNow();
  const leftMs = Math.max(0, lockedUntilMs - now);
  return (
    <>
      <Button type="submit" tone="primary" className="w-full" busy={busy} disabled={leftMs > 0}>
        {t('submit')}
      </Button>
      {leftMs > 0 && (
        <p role="alert" className="mt-3 rounded-md bg-danger-soft px-3 py-2 text-danger text-sm">
          {t('locked', { wait: format.duration(leftMs) })}
        </p>
      )}
    </>
  );
}
