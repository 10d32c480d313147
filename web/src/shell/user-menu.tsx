import { lazy, Suspense, useState } from 'react';
import { UserMenuButton } from './user-menu-button.tsx';

const UserMenuPopup = lazy(() => import('./user-menu-popup.tsx').then((module) => ({ default: module.UserMenuPopup })));

/** Who is signed in; pressed for the first time, it fetches its menu and opens it. */
export function UserMenu() {
  const [isWanted, setWanted] = useState(false);
  if (!isWanted) return <UserMenuButton onClick={() => setWanted(true)} />;
  return (
    <Suspense fallback={<UserMenuButton aria-busy="true" />}>
      <UserMenuPopup />
    </Suspense>
  );
}
