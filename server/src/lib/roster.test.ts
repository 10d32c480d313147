import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Member, Roster } from './roster.ts';

test('whoever comes and goes in any order, the roster has those that a Set has', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (taken) => {
      const members = Array.from({ length: 10 }, (_, i): Member & { readonly name: number } => ({
        name: i,
        place: -1,
      }));
      const roster = new Roster<(typeof members)[number]>();
      const set = new Set<(typeof members)[number]>();
      for (const [comes, i] of taken) {
        const member = members[i];
        if (member === undefined) continue;
        if (comes && !set.has(member)) {
          roster.add(member);
          set.add(member);
        } else if (!comes) {
          roster.delete(member);
          set.delete(member);
        }
      }
      expect(roster.size).toBe(set.size);
      expect(new Set(roster.list())).toEqual(set);
    }),
  );
});
