import fc from "fast-check";
import { expect, test } from "vitest";
import { type Member, Roster } from "../../src/domain/roster.ts";

test("a roster holds those that came and have not gone", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ comes: fc.boolean(), who: fc.nat(9) })), (events) => {
      const people: readonly Member[] = Array.from({ length: 10 }, () => ({ place: 0 }));
      const roster = new Roster<Member>();
      const here = new Set<Member>();
      for (const { comes, who } of events) {
        const one = people[who];
        if (one === undefined || here.has(one) === comes) continue;
        if (comes) {
          roster.add(one);
          here.add(one);
        } else {
          roster.delete(one);
          here.delete(one);
        }
        expect(new Set(roster.all())).toEqual(here);
        expect(roster.all()).toHaveLength(here.size);
      }
    }),
  );
});
