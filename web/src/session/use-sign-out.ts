import { useNavigate } from '@tanstack/react-router';
import { gapura, isSignedOut } from '../api.ts';
import { useErrorText } from '../ui/error-text.ts';
import { toastError } from '../ui/toast.tsx';
import { endSession } from './session.ts';

/** Ends the session here and on the server. */
export function useSignOut(): () => Promise<void> {
  const navigate = useNavigate();
  const textOf = useErrorText();
  return async () => {
    try {
      await gapura.session.signOut();
    } catch (error) {
      // Ended already is ended; otherwise the cookie still opens everything, and that has to be said.
      if (!isSignedOut(error)) {
        toastError(textOf(error));
        return;
      }
    }
    endSession();
    await navigate({ to: '/sign-in' });
  };
}
