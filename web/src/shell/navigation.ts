/** Every page that the sidebar and the command palette lead to. One list: a page that is not here cannot be found. */
import {
  FileUp,
  House,
  KeyRound,
  Layers,
  LayoutGrid,
  type LucideIcon,
  Radio,
  ScrollText,
  Settings,
  Users,
} from 'lucide-react';
import type { Role } from '#contract/common.ts';

export interface NavigationItem {
  /** Its name is `navigation.<id>` in the texts. */
  readonly id:
    | 'overview'
    | 'devices'
    | 'profiles'
    | 'import'
    | 'people'
    | 'api-keys'
    | 'audit'
    | 'settings'
    | 'dashboards';
  readonly to:
    | '/'
    | '/devices'
    | '/profiles'
    | '/import'
    | '/people'
    | '/api-keys'
    | '/audit'
    | '/settings'
    | '/dashboards';
  readonly icon: LucideIcon;
  readonly group: 'fleet' | 'organisation';
  /** Hidden from weaker roles. */
  readonly needs: Role;
}

export const navigation: readonly NavigationItem[] = [
  { id: 'overview', to: '/', icon: House, group: 'fleet', needs: 'viewer' },
  { id: 'devices', to: '/devices', icon: Radio, group: 'fleet', needs: 'viewer' },
  { id: 'dashboards', to: '/dashboards', icon: LayoutGrid, group: 'fleet', needs: 'viewer' },
  { id: 'profiles', to: '/profiles', icon: Layers, group: 'fleet', needs: 'viewer' },
  { id: 'import', to: '/import', icon: FileUp, group: 'fleet', needs: 'operator' },
  { id: 'people', to: '/people', icon: Users, group: 'organisation', needs: 'admin' },
  { id: 'api-keys', to: '/api-keys', icon: KeyRound, group: 'organisation', needs: 'admin' },
  { id: 'audit', to: '/audit', icon: ScrollText, group: 'organisation', needs: 'admin' },
  { id: 'settings', to: '/settings', icon: Settings, group: 'organisation', needs: 'viewer' },
];
