import { useQueryClient } from '@tanstack/react-query';
import { Eye, EyeOff, RotateCw } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { gapura } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CodeLine } from '../../ui/code-block.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { TextField } from '../../ui/field.tsx';
import { Switch } from '../../ui/switch.tsx';
import { toast } from '../../ui/toast.tsx';
import { type Provisioning, profileQuery } from './profile-queries.ts';
import { SaveBar } from './save-bar.tsx';
import { ReprovisionChoice, StrategyChoice } from './strategy-choice.tsx';
import { useProfileUpdate } from './use-profile-update.ts';

const fields = ['strategy', 'reprovision', 'rateLimit', 'requireProof'] as const;
/** As the contract has it: `count:seconds`, up to four joined by commas. */
const rateLimitPattern = '[1-9]\\d{0,8}:[1-9]\\d{0,5}(,[1-9]\\d{0,8}:[1-9]\\d{0,5}){0,3}';

/** How devices of the profile come in, and with which key and secret. */
export function ProvisioningCard({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('profiles');
  const mayWrite = useMay('admin');
  const { provisioning } = profile;
  const [changes, setChanges] = useState<Partial<Pick<Provisioning, (typeof fields)[number]>>>({});
  const update = useProfileUpdate(profile);
  const now = { ...provisioning, ...changes };
  const isChanged = fields.some((field) => now[field] !== provisioning[field]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    update.mutate({ provisioning: changes }, { onSuccess: () => setChanges({}) });
  };
  return (
    <Card title={t('provisioning')}>
      <form onSubmit={submit} className="flex flex-col gap-5">
        <StrategyChoice
          value={now.strategy}
          disabled={!mayWrite}
          onChange={(strategy) => setChanges({ ...changes, strategy })}
        />
        {now.strategy !== 'DISABLED' && (
          <>
            <KeyAndSecret profile={profile} />
            <ReprovisionChoice
              value={now.reprovision}
              disabled={!mayWrite}
              onChange={(reprovision) => setChanges({ ...changes, reprovision })}
            />
            <TextField
              label={t('rateLimit.label')}
              hint={t('rateLimit.hint')}
              placeholder={t('rateLimit.default')}
              value={now.rateLimit}
              pattern={rateLimitPattern}
              mono
              readOnly={!mayWrite}
              onChange={(event) => setChanges({ ...changes, rateLimit: event.target.value.trim() })}
            />
            <Switch
              label={t('requireProof.label')}
              hint={t('requireProof.hint')}
              checked={now.requireProof}
              disabled={!mayWrite}
              onChange={(requireProof) => setChanges({ ...changes, requireProof })}
            />
          </>
        )}
        <SaveBar isChanged={isChanged} busy={update.isPending} error={update.error} onReset={() => setChanges({})} />
      </form>
    </Card>
  );
}

const hidden = '•'.repeat(20);

function KeyAndSecret({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('profiles');
  const mayWrite = useMay('admin');
  const cache = useQueryClient();
  const [isShown, setShown] = useState(false);
  const [isRotating, setRotating] = useState(false);
  const { key, secret } = profile.provisioning;
  return (
    <div className="grid gap-2">
      <div className="font-medium text-ink text-xs">{t('key')}</div>
      <CodeLine value={key} label={t('copyKey')} />
      <div className="mt-1 flex items-center justify-between gap-2 font-medium text-ink text-xs">{t('secret')}</div>
      {secret === null ? (
        <p className="text-ink-3 text-xs">{t('secretHidden')}</p>
      ) : (
        <div className="flex items-center gap-1">
          <div className="min-w-0 flex-1">
            <CodeLine value={secret} label={t('copySecret')} shown={isShown ? secret : hidden} />
          </div>
          <Button
            tone="quiet"
            aria-label={isShown ? t('hideSecret') : t('showSecret')}
            aria-pressed={isShown}
            icon={isShown ? <EyeOff className="size-4" /> : <Eye className="size-4" />}
            onClick={() => setShown(!isShown)}
          />
        </div>
      )}
      {mayWrite && (
        <div>
          <Button
            size="sm"
            icon={<RotateCw className="size-3.5" aria-hidden="true" />}
            onClick={() => setRotating(true)}
          >
            {t('rotate.button')}
          </Button>
        </div>
      )}
      <Confirm
        open={isRotating}
        onOpenChange={setRotating}
        title={t('rotate.title')}
        action={t('rotate.action')}
        danger
        onConfirm={async () => {
          const changed = await gapura.profiles.rotateProvisioning(profile.id);
          cache.setQueryData(profileQuery(profile.id).queryKey, changed);
          toast(t('rotate.done'));
        }}
      >
        {t('rotate.text')}
      </Confirm>
    </div>
  );
}
