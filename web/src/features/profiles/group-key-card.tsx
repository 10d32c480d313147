import { useMutation, useQueryClient } from '@tanstack/react-query';
import { KeyRound, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '#contract/profiles.ts';
import { gapura } from '../../api.ts';
import { useMay } from '../../session/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CodeBlock, CodeLine } from '../../ui/code-block.tsx';
import { Confirm } from '../../ui/confirm.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { toast } from '../../ui/toast.tsx';

const derivation = `device key = HMAC-SHA256(group key, device name)
kid        = first 12 characters of base64url(
               HMAC-SHA256(device key, "gapura-kid-v1"))`;

/** The key from which a factory derives the keys of devices: made and shown once, replaced, turned off. */
export function GroupKeyCard({ profile }: { readonly profile: Profile }) {
  const { t } = useTranslation('profiles');
  const mayWrite = useMay('admin');
  const cache = useQueryClient();
  const [asking, setAsking] = useState<'set' | 'remove' | undefined>();
  const refresh = () => cache.invalidateQueries({ queryKey: ['profiles'] });
  return (
    <Card
      title={t('groupKey.title')}
      actions={
        <Badge tone={profile.hasGroupKey ? 'ok' : 'neutral'}>
          {profile.hasGroupKey ? t('groupKey.on') : t('groupKey.off')}
        </Badge>
      }
    >
      <p className="text-ink-2 text-sm">{t('groupKey.text')}</p>
      <p className="mt-1 text-warn text-xs">{t('groupKey.risk')}</p>
      {mayWrite && (
        <div className="mt-3 flex flex-wrap gap-2">
          <Button
            size="sm"
            icon={profile.hasGroupKey ? <RotateCw className="size-3.5" /> : <KeyRound className="size-3.5" />}
            onClick={() => setAsking('set')}
          >
            {profile.hasGroupKey ? t('groupKey.rotate') : t('groupKey.make')}
          </Button>
          {profile.hasGroupKey && (
            <Button size="sm" tone="danger" onClick={() => setAsking('remove')}>
              {t('groupKey.remove')}
            </Button>
          )}
        </div>
      )}
      {asking === 'set' && (
        <SetDialog
          profile={profile}
          onClose={() => {
            setAsking(undefined);
            void refresh();
          }}
        />
      )}
      <Confirm
        open={asking === 'remove'}
        onOpenChange={(isOpen) => !isOpen && setAsking(undefined)}
        danger
        title={t('groupKey.removeTitle')}
        action={t('groupKey.remove')}
        onConfirm={async () => {
          await gapura.profiles.removeGroupKey(profile.id);
          toast(t('groupKey.removed'));
          await refresh();
        }}
      >
        {t('groupKey.removeText')}
      </Confirm>
    </Card>
  );
}

/** Says what happens, makes the key, and shows it for the only time. */
function SetDialog({ profile, onClose }: { readonly profile: Profile; onClose(): void }) {
  const { t } = useTranslation('profiles');
  const { t: common } = useTranslation();
  // It holds the key: gone with the dialog.
  const make = useMutation({ mutationFn: () => gapura.profiles.setGroupKey(profile.id), gcTime: 0 });
  const title = profile.hasGroupKey ? t('groupKey.rotate') : t('groupKey.make');
  if (make.data !== undefined) {
    return (
      <Dialog open onOpenChange={onClose} title={t('groupKey.made')} description={t('groupKey.madeText')}>
        <div className="flex flex-col gap-3">
          <CodeLine value={make.data.groupKey} label={t('groupKey.copy')} />
          <CodeBlock code={derivation} label={t('groupKey.copyDerivation')} />
        </div>
        <DialogActions>
          <Button tone="primary" onClick={onClose}>
            {t('groupKey.kept')}
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={onClose} title={title} description={t('groupKey.text')}>
      <p className="text-sm text-warn">{t('groupKey.risk')}</p>
      {profile.hasGroupKey && <p className="mt-2 text-ink-2 text-sm">{t('groupKey.rotateText')}</p>}
      <ErrorNote error={make.error} />
      <DialogActions>
        <Button onClick={onClose}>{common('cancel')}</Button>
        <Button tone="primary" busy={make.isPending} onClick={() => make.mutate()}>
          {title}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
