import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RememberedPlaces } from './remembered-places.ts';

test('what stood at a place of a device is known again, of that device, key and version alone', () => {
  const message = fc.record({
    device: fc.nat({ max: 300 }),
    version: fc.nat({ max: 2 }),
    keys: fc.array(fc.nat({ max: 4 }), { maxLength: 80 }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const places = new RememberedPlaces();
      /** By device: of which version, and what stood where. */
      const model = new Map<number, { version: number; at: Map<number, { key: number; series: number }> }>();
      let made = 0;
      for (const { device, version, keys } of messages) {
        places.open(device, keys.length, version);
        const known = model.get(device);
        const at = known?.version === version ? known.at : new Map<number, { key: number; series: number }>();
        model.set(device, { version, at });
        for (const [place, key] of keys.entries()) {
          const expected = at.get(place);
          const series = places.series(place, key);
          // The 65th place and those behind it are not remembered.
          if (place >= 64) expect(series).toBe(0);
          else expect(series).toBe(expected?.key === key ? expected.series : 0);
          if (series !== 0) continue;
          made++;
          places.remember(place, key, made);
          at.set(place, { key, series: made });
        }
      }
    }),
  );
});
