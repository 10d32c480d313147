import { useMemo } from 'react';

/** A small line of how a number went; decoration beside the number itself. */
export function Sparkline({ values, className }: { readonly values: readonly number[]; readonly className?: string }) {
  const paths = useMemo(() => pathsOf(values), [values]);
  if (paths === null) return null;
  return (
    <svg viewBox="0 0 100 30" preserveAspectRatio="none" className={className} aria-hidden="true">
      <path d={paths.area} className="fill-current opacity-10" />
      <path
        d={paths.line}
        className="fill-none stroke-current"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
        strokeLinejoin="round"
      />
    </svg>
  );
}

function pathsOf(values: readonly number[]): { line: string; area: string } | null {
  if (values.length < 2) return null;
  const top = Math.max(...values, Number.MIN_VALUE);
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * 100;
    return `${x.toFixed(2)},${(28 - (value / top) * 26).toFixed(2)}`;
  });
  const line = `M${points.join('L')}`;
  return { line, area: `${line}L100,30L0,30Z` };
}
