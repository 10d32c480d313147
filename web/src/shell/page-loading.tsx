import { LoadingRows } from '../ui/states.tsx';

export function PageLoading() {
  return (
    <div className="mx-auto w-full max-w-6xl px-4 py-6 sm:px-6">
      <LoadingRows />
    </div>
  );
}
