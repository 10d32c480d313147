import { useRouter } from '@tanstack/react-router';
import { ErrorState } from '../ui/states.tsx';

/** A page that failed as a whole; the rest of the console stands. */
export function PageError({ error, reset }: { readonly error: unknown; reset(): void }) {
  const router = useRouter();
  const retry = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <div className="flex min-h-[60dvh] items-center justify-center">
      <ErrorState error={error} onRetry={retry} />
    </div>
  );
}
