/** Where widgets stand: none over another, none above free rows. */
import { gridColumns } from './limits.ts';

export interface Place {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const maxHeight = 40;

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Pushes what stands over each other apart and lets everything rise; `first` keeps its place before others. */
export function compact<T extends Place>(places: readonly T[], first?: string): T[] {
  const rank = ({ id }: Place): number => (id === first ? 0 : 1);
  const ordered = [...places].sort((a, b) => a.y - b.y || rank(a) - rank(b) || a.x - b.x);
  const placed = new Map<string, T>();
  for (const place of ordered) {
    const isTaken = (y: number): boolean => [...placed.values()].some((other) => overlap({ ...place, y }, other));
    let { y } = place;
    while (isTaken(y)) y++;
    while (y > 0 && !isTaken(y - 1)) y--;
    placed.set(place.id, { ...place, y });
  }
  return places.map((place) => placed.get(place.id) ?? place);
}

export interface Step {
  readonly dx?: number;
  readonly dy?: number;
  readonly dw?: number;
  readonly dh?: number;
}

/** Moves or resizes one by a step, within the grid; the others make room. Up and down it changes places. */
export function moveWidget<T extends Place>(places: readonly T[], id: string, step: Step): T[] {
  const one = places.find((place) => place.id === id);
  if (one === undefined) return [...places];
  const { dx = 0, dy = 0, dw = 0, dh = 0 } = step;
  if (dy !== 0) return swapVertically(places, one, dy);
  const w = clamp(one.w + dw, 1, gridColumns - one.x);
  const h = clamp(one.h + dh, 1, maxHeight);
  const x = clamp(one.x + dx, 0, gridColumns - w);
  return compact(
    places.map((place) => (place.id === id ? { ...place, x, w, h } : place)),
    id,
  );
}

function swapVertically<T extends Place>(places: readonly T[], one: T, dy: number): T[] {
  const inColumns = places.filter(
    (place) => place.id !== one.id && place.x < one.x + one.w && one.x < place.x + place.w,
  );
  const neighbour =
    dy > 0
      ? inColumns.filter((place) => place.y >= one.y + one.h).sort((a, b) => a.y - b.y)[0]
      : inColumns.filter((place) => place.y + place.h <= one.y).sort((a, b) => b.y + b.h - a.y - a.h)[0];
  if (neighbour === undefined) return [...places];
  const [upper, lower] = dy > 0 ? [one, neighbour] : [neighbour, one];
  const swapped = places.map((place) => {
    if (place.id === lower.id) return { ...place, y: upper.y };
    if (place.id === upper.id) return { ...place, y: upper.y + lower.h };
    return place;
  });
  return compact(swapped, lower.id);
}

/** Where something of this size fits, below everything else at the latest. */
export function freePlace(places: readonly Place[], w: number, h: number): { x: number; y: number } {
  const bottom = Math.max(0, ...places.map((place) => place.y + place.h));
  for (let y = 0; y < bottom; y++) {
    for (let x = 0; x + w <= gridColumns; x++) {
      if (!places.some((place) => overlap({ id: '', x, y, w, h }, place))) return { x, y };
    }
  }
  return { x: 0, y: bottom };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
