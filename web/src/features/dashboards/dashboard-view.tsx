/** A dashboard with its time range, its variables and full screen: what a kept and a generated one have in common. */
import { Maximize, Minimize } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DashboardLayout } from '#contract/dashboards.ts';
import { RangePicker } from '../../charts/range-picker.tsx';
import type { TimeRange } from '../../charts/time-range.ts';
import { Page } from '../../shell/page.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { DashboardScope, type VariableValue } from '../../widgets/context.ts';
import { type DashboardSearch, parseRange, rangeText } from './dashboard-search.ts';
import { VariableBar } from './variable-bar.tsx';

export function DashboardView({
  title,
  parent,
  lead,
  layout,
  search,
  onSearch,
  actions,
  toolbar,
  children,
}: {
  readonly title: string;
  readonly parent: { readonly to: string; readonly label: string };
  readonly lead?: ReactNode;
  readonly layout: DashboardLayout;
  readonly search: DashboardSearch;
  onSearch(search: DashboardSearch): void;
  readonly actions?: ReactNode;
  /** Under the heading, in edit mode. */
  readonly toolbar?: ReactNode;
  readonly children: ReactNode;
}) {
  const { t } = useTranslation('dashboards');
  const box = useRef<HTMLDivElement>(null);
  const isFull = useIsFullScreen();
  const range: TimeRange = parseRange(search.range) ?? { kind: layout.range };
  const setRange = (next: TimeRange): void => onSearch({ ...search, range: rangeText(next) });
  const variables = Object.fromEntries(
    layout.variables.map((variable): [string, VariableValue] => {
      const chosen = search.vars?.[variable.name];
      return variable.type === 'device'
        ? [variable.name, { type: 'device', deviceId: chosen ?? variable.deviceId }]
        : [variable.name, { type: 'profile', profileId: chosen ?? variable.profileId }];
    }),
  );
  const key = JSON.stringify([range, variables]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: by content, so that widgets are not drawn for nothing
  const scope = useMemo(() => ({ range, variables, setRange }), [key, onSearch]);
  const toggleFull = (): void => {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else void box.current?.requestFullscreen();
  };
  const choose = (name: string, id: string | undefined): void => {
    const { [name]: _, ...others } = search.vars ?? {};
    const vars = id === undefined ? others : { ...others, [name]: id };
    const { vars: __, ...rest } = search;
    onSearch(Object.keys(vars).length === 0 ? rest : { ...rest, vars });
  };
  return (
    <DashboardScope value={scope}>
      <div ref={box} className={cx('flex min-w-0 flex-1 flex-col bg-bg', isFull && 'overflow-auto')}>
        <Page
          wide
          title={title}
          parent={parent}
          lead={lead}
          actions={
            <>
              <RangePicker value={range} onChange={setRange} />
              {!isFull && actions}
              {document.fullscreenEnabled && (
                <Button
                  aria-label={isFull ? t('leaveFullScreen') : t('fullScreen')}
                  icon={isFull ? <Minimize className="size-4" /> : <Maximize className="size-4" />}
                  onClick={toggleFull}
                />
              )}
            </>
          }
        >
          {toolbar}
          {layout.variables.length > 0 && <VariableBar variables={layout.variables} onChange={choose} />}
          {children}
        </Page>
      </div>
    </DashboardScope>
  );
}

function useIsFullScreen(): boolean {
  const [isFull, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const update = (): void => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', update);
    return () => document.removeEventListener('fullscreenchange', update);
  }, []);
  return isFull;
}
