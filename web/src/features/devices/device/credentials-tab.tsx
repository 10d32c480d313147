import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, RotateCw, ShieldOff } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeviceCredentials } from '#contract/credentials.ts';
import type { Device } from '#contract/devices.ts';
import { GapuraError } from '#sdk/error.ts';
import { gapura } from '../../../api.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/card.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { Dialog, DialogActions } from '../../../ui/dialog.tsx';
import { ErrorNote } from '../../../ui/error-note.tsx';
import { SelectField } from '../../../ui/field.tsx';
import { EmptyState, ErrorState, LoadingRows } from '../../../ui/states.tsx';
import { TimeAgo } from '../../../ui/time-ago.tsx';
import { toast } from '../../../ui/toast.tsx';
import { CredentialsFields } from './credentials-fields.tsx';
import { ReplaceDialog, randomToken } from './replace-dialog.tsx';

/** Seconds. */
const overlaps = ['0', '300', '3600', '86400', '604800'] as const;

/** What the device proves itself with: shown on demand, rotated with an overlap, revoked at once. */
export function CredentialsTab({ device }: { readonly device: Device }) {
  const { t } = useTranslation('devices');
  const queries = useQueryClient();
  const queryKey = ['devices', 'one', device.id, 'credentials'];
  const [asking, setAsking] = useState<'rotate' | 'revoke' | 'replace' | undefined>();
  /** What was made just now: of a JWT key it is the only time that it is told. */
  const [made, setMade] = useState<DeviceCredentials | undefined>();
  const found = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      try {
        return await gapura.credentials.get(device.id, signal);
      } catch (error) {
        // Revoked: there are none.
        if (error instanceof GapuraError && error.status === 404) return null;
        throw error;
      }
    },
    // A secret stays in memory no longer than it is shown.
    gcTime: 0,
  });
  const issue = useMutation({
    mutationFn: () => gapura.credentials.set(device.id, { type: 'ACCESS_TOKEN', token: randomToken() }),
    onSuccess: () => queries.invalidateQueries({ queryKey }),
  });

  const take = async (next: DeviceCredentials): Promise<void> => {
    setAsking(undefined);
    if (next.credentials.type === 'JWT' && next.credentials.key !== undefined) setMade(next);
    else toast(t('credentials.rotated'));
    await queries.invalidateQueries({ queryKey });
  };
  const dialogs = (
    <>
      {asking === 'replace' && (
        <ReplaceDialog deviceId={device.id} onDone={(next) => void take(next)} onClose={() => setAsking(undefined)} />
      )}
      {made !== undefined && (
        <Dialog
          open
          onOpenChange={() => setMade(undefined)}
          title={t('credentials.made')}
          description={t('credentials.madeText')}
        >
          <CredentialsFields credentials={made.credentials} />
          <DialogActions>
            <Button tone="primary" onClick={() => setMade(undefined)}>
              {t('credentials.kept')}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </>
  );

  if (found.isPending) return <LoadingRows rows={3} />;
  if (found.data === undefined) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === null) {
    return (
      <Card>
        <EmptyState
          icon={<ShieldOff />}
          title={t('credentials.none')}
          action={
            <>
              <Button
                tone="primary"
                busy={issue.isPending}
                icon={<KeyRound className="size-3.5" />}
                onClick={() => issue.mutate()}
              >
                {t('credentials.issue')}
              </Button>
              <Button onClick={() => setAsking('replace')}>{t('credentials.other')}</Button>
            </>
          }
        >
          {t('credentials.noneText')}
        </EmptyState>
        <ErrorNote error={issue.error} />
        {dialogs}
      </Card>
    );
  }
  const { credentials, createdAt, retiring } = found.data;
  // A device that holds its own key makes the next one itself.
  const isRotatable = credentials.type !== 'JWT' || credentials.alg === 'HS256';
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <Card
        title={t('credentials.current')}
        actions={
          <>
            {isRotatable && (
              <Button size="sm" icon={<RotateCw className="size-3.5" />} onClick={() => setAsking('rotate')}>
                {t('credentials.rotate')}
              </Button>
            )}
            <Button size="sm" icon={<KeyRound className="size-3.5" />} onClick={() => setAsking('replace')}>
              {t('credentials.replace')}
            </Button>
            <Button
              size="sm"
              tone="danger"
              icon={<ShieldOff className="size-3.5" />}
              onClick={() => setAsking('revoke')}
            >
              {t('credentials.revoke')}
            </Button>
          </>
        }
      >
        <CredentialsFields credentials={credentials} />
        <p className="mt-3 text-ink-3 text-xs">
          {t('credentials.issuedAt')} <TimeAgo at={createdAt} />
        </p>
      </Card>
      {retiring !== null && (
        <Card
          title={t('credentials.retiring')}
          actions={
            <Badge tone="warn">
              {t('credentials.worksUntil')} <TimeAgo at={retiring.expiresAt} />
            </Badge>
          }
        >
          <CredentialsFields credentials={retiring.credentials} />
        </Card>
      )}
      {asking === 'rotate' && (
        <RotateDialog
          onClose={() => setAsking(undefined)}
          onRotate={async (overlapSeconds) => take(await gapura.credentials.rotate(device.id, { overlapSeconds }))}
        />
      )}
      <Confirm
        open={asking === 'revoke'}
        onOpenChange={(isOpen) => !isOpen && setAsking(undefined)}
        danger
        title={t('credentials.revokeTitle', { name: device.name })}
        action={t('credentials.revoke')}
        onConfirm={async () => {
          await gapura.credentials.revoke(device.id);
          await queries.invalidateQueries({ queryKey });
        }}
      >
        {t('credentials.revokeText')}
      </Confirm>
      {dialogs}
    </div>
  );
}

function RotateDialog({ onRotate, onClose }: { onRotate(overlapSeconds: number): Promise<void>; onClose(): void }) {
  const { t } = useTranslation('devices');
  const { t: common } = useTranslation();
  const [overlapSeconds, setOverlapSeconds] = useState(3600);
  const rotate = useMutation({ mutationFn: () => onRotate(overlapSeconds), onSuccess: onClose });
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={t('credentials.rotate')}
      description={t('credentials.rotateText')}
    >
      <SelectField
        label={t('credentials.overlap')}
        hint={overlapSeconds === 0 ? t('credentials.overlapNone') : t('credentials.overlapHint')}
        value={overlapSeconds}
        onChange={(event) => setOverlapSeconds(Number(event.target.value))}
      >
        {overlaps.map((seconds) => (
          <option key={seconds} value={seconds}>
            {t(`credentials.overlaps.${seconds}`)}
          </option>
        ))}
      </SelectField>
      <ErrorNote error={rotate.error} />
      <DialogActions>
        <Button onClick={onClose}>{common('cancel')}</Button>
        <Button tone="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>
          {t('credentials.rotate')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
