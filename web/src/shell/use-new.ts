/** Whether a page is asked for something new: its dialog stands in the address, so that the palette opens it from anywhere. */
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

export interface NewSearch {
  readonly new?: true;
}

export const parseNew = (search: Record<string, unknown>): NewSearch => (search['new'] === true ? { new: true } : {});

/** For pages whose address holds nothing else. */
export function useNew(): readonly [isAsked: boolean, ask: (isAsked: boolean) => void] {
  const search: NewSearch = useSearch({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const ask = useCallback(
    (isAsked: boolean): void => {
      // What was made may have led to its own page already.
      const now: NewSearch = router.state.location.search;
      if ((now.new === true) === isAsked) return;
      void navigate({ to: '.', search: isAsked ? { new: true } : {}, replace: true, resetScroll: false });
    },
    [router, navigate],
  );
  return [search.new === true, ask];
}
