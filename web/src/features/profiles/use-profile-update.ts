import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Profile, UpdateProfile } from '#contract/profiles.ts';
import { gapura } from '../../api.ts';
import { toast } from '../../ui/toast.tsx';
import { profileQuery } from './profile-queries.ts';

/** Changes a profile and shows what the server made of it. */
export function useProfileUpdate(profile: Profile) {
  const { t } = useTranslation('profiles');
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (changes: UpdateProfile) => gapura.profiles.update(profile.id, changes),
    onSuccess: async (changed) => {
      cache.setQueryData(profileQuery(profile.id).queryKey, changed);
      toast(t('saved'));
      await cache.invalidateQueries({ queryKey: ['profiles', 'all'] });
    },
  });
}
