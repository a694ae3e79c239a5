import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Key } from "../../src/domain/table.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { sha256 } from "../../src/keys/secret.ts";
import { key } from "../routing/rules.ts";
import { MemoryStore, wanted } from "./stores.ts";

const START = Date.UTC(2026, 0, 1);

/** A ring with a clock that is set by hand. */
function started(store = new MemoryStore()): { ring: KeyRing; store: MemoryStore; clock: { now: number } } {
  const clock = { now: START };
  return { ring: new KeyRing({ store, now: () => clock.now }), store, clock };
}

const configured = (name: string, secret: string, more: Partial<Key> = {}): Key =>
  key({ name, proofs: [{ hash: sha256(secret), until: undefined }], ...more });

const nameOf = (ring: KeyRing, secret: string): string | undefined => ring.holder(`Bearer ${secret}`)?.name;

describe("expiry", () => {
  test("a key is good up to the millisecond before its end, however often it was used", async () => {
    const { ring, clock } = started();
    ring.configure([configured("app", "app-secret", { expiresAt: START + 1000 })]);
    const { secret } = await ring.create(wanted("made", { expiresAt: START + 2000 }));
    expect([nameOf(ring, "app-secret"), nameOf(ring, secret)]).toEqual(["app", "made"]);
    clock.now = START + 999;
    expect([nameOf(ring, "app-secret"), nameOf(ring, secret)]).toEqual(["app", "made"]);
    clock.now = START + 1000;
    expect([nameOf(ring, "app-secret"), nameOf(ring, secret)]).toEqual([undefined, "made"]);
    clock.now = START + 2000;
    expect([nameOf(ring, "app-secret"), nameOf(ring, secret)]).toEqual([undefined, undefined]);
  });

  test("the clock is asked only for keys that end", () => {
    let asked = 0;
    const ring = new KeyRing({ now: () => ++asked });
    ring.configure([configured("app", "app-secret"), configured("ends", "other", { expiresAt: 1000 })]);
    for (let time = 0; time < 3; time++) expect(nameOf(ring, "app-secret")).toBe("app");
    expect(asked).toBe(0);
    expect(nameOf(ring, "other")).toBe("ends");
    expect(asked).toBe(1);
  });

  test("the secret before ends by itself, and never later than the key", () => {
    const { ring, clock } = started();
    const proofs = [
      { hash: sha256("today"), until: undefined },
      { hash: sha256("before"), until: START + 10 },
      { hash: sha256("long"), until: START + 1000 },
    ];
    ring.configure([key({ name: "app", proofs, expiresAt: START + 100 })]);
    const good = (): unknown[] => ["today", "before", "long"].map((secret) => nameOf(ring, secret));
    expect(good()).toEqual(["app", "app", "app"]);
    clock.now = START + 10;
    expect(good()).toEqual(["app", undefined, "app"]);
    clock.now = START + 100;
    expect(good()).toEqual([undefined, undefined, undefined]);
  });
});

describe("rotation", () => {
  test("with an overlap both secrets are good until it ends", async () => {
    const { ring, clock } = started();
    const first = await ring.create(wanted("app"));
    expect(nameOf(ring, first.secret)).toBe("app");
    const second = await ring.rotate("app", 500);
    expect(second.secret).not.toBe(first.secret);
    expect(second.key.hint).toBe(second.secret.slice(-4));
    clock.now += 499;
    expect([nameOf(ring, first.secret), nameOf(ring, second.secret)]).toEqual(["app", "app"]);
    clock.now += 1;
    expect([nameOf(ring, first.secret), nameOf(ring, second.secret)]).toEqual([undefined, "app"]);
  });

  test("without one all secrets before end at once, also those of an overlap under way", async () => {
    const { ring } = started();
    const first = await ring.create(wanted("app"));
    const second = await ring.rotate("app", 10_000);
    const third = await ring.rotate("app", 0);
    const secrets = [first, second, third].map(({ secret }) => nameOf(ring, secret));
    expect(secrets).toEqual([undefined, undefined, "app"]);
    expect(third.key.proofs).toHaveLength(1);
  });

  test("a second overlap lengthens none under way", async () => {
    const { ring, clock } = started();
    const first = await ring.create(wanted("app"));
    await ring.rotate("app", 100);
    await ring.rotate("app", 10_000);
    clock.now += 100;
    expect(nameOf(ring, first.secret)).toBeUndefined();
  });

  test("a key that is no longer good gets no new secret", async () => {
    const { ring, clock } = started();
    await ring.create(wanted("revoked"));
    await ring.revoke("revoked");
    await expect(ring.rotate("revoked", 0)).rejects.toMatchObject({ status: 409, code: "state_conflict" });
    await ring.create(wanted("ends", { expiresAt: START + 1 }));
    clock.now += 1;
    await expect(ring.rotate("ends", 0)).rejects.toMatchObject({ status: 409, code: "state_conflict" });
    await expect(ring.rotate("nobody", 0)).rejects.toMatchObject({ status: 404, code: "key_not_found" });
  });
});

describe("revocation", () => {
  test("ends every secret of the key, keeps its record without hashes, and its name taken", async () => {
    const { ring, store } = started();
    const first = await ring.create(wanted("app"));
    const second = await ring.rotate("app", 10_000);
    expect([nameOf(ring, first.secret), nameOf(ring, second.secret)]).toEqual(["app", "app"]);
    await ring.revoke("app");
    expect([nameOf(ring, first.secret), nameOf(ring, second.secret)]).toEqual([undefined, undefined]);
    expect(ring.named("app")).toBeUndefined();
    for (const { secret } of [first, second]) expect(store.text).not.toContain(sha256(secret));
    await expect(ring.create(wanted("app"))).rejects.toMatchObject({ status: 409 });
    expect(ring.list()).toMatchObject([{ source: "created", key: { name: "app", revokedAt: START } }]);
    const again = store.text;
    await ring.revoke("app");
    expect(store.text).toBe(again);
  });

  test("of the last key opens nothing, also after a restart", async () => {
    const { ring, store } = started();
    expect([ring.required, ring.hasAdmin]).toEqual([false, false]);
    await ring.create(wanted("app", { admin: true }));
    await ring.revoke("app");
    expect([ring.required, ring.hasAdmin]).toEqual([true, true]);
    const { ring: restarted } = started(store);
    expect([restarted.required, restarted.hasAdmin]).toEqual([true, true]);
  });
});

describe("two sources", () => {
  test("the configuration takes a name, and gives it back", async () => {
    const { ring } = started();
    const { secret } = await ring.create(wanted("app"));
    ring.configure([configured("app", "of-the-file", { tags: ["file"] })]);
    expect([nameOf(ring, secret), ring.holder("Bearer of-the-file")?.tags]).toEqual([undefined, ["file"]]);
    expect(ring.named("app")?.tags).toEqual(["file"]);
    expect(ring.list()).toMatchObject([
      { source: "configuration", key: { name: "app" } },
      { source: "created", key: { name: "app" }, shadowed: true },
    ]);
    for (const change of [ring.rotate("app", 0), ring.revoke("app"), ring.create(wanted("app"))])
      await expect(change).rejects.toMatchObject({ status: 409, code: "state_conflict" });
    ring.configure([]);
    expect([nameOf(ring, secret), nameOf(ring, "of-the-file")]).toEqual(["app", undefined]);
  });

  test("a header that was good is not when its key leaves the configuration", () => {
    const { ring } = started();
    ring.configure([configured("app", "of-the-file")]);
    expect(nameOf(ring, "of-the-file")).toBe("app");
    ring.configure([configured("other", "of-another")]);
    expect(nameOf(ring, "of-the-file")).toBeUndefined();
  });
});

test("what can't be stored changes nothing", async () => {
  const { ring, store } = started();
  const { secret } = await ring.create(wanted("app"));
  const before = JSON.stringify(ring.list());
  store.broken = true;
  for (const change of [
    () => ring.create(wanted("more")),
    () => ring.rotate("app", 0),
    () => ring.revoke("app"),
  ])
    await expect(change()).rejects.toThrow("the disk is full");
  expect([nameOf(ring, secret), JSON.stringify(ring.list())]).toEqual(["app", before]);
  store.broken = false;
  await ring.revoke("app");
  expect(nameOf(ring, secret)).toBeUndefined();
});

test("without a store no key is created", async () => {
  const ring = new KeyRing();
  await expect(ring.create(wanted("app"))).rejects.toMatchObject({ status: 503, code: "store_unavailable" });
  expect(ring.list()).toEqual([]);
});

test("of two who want one name at the same time one gets it", async () => {
  const { ring, store } = started();
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => ring.create(wanted("app"))));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(store.load()).toHaveLength(1);
});

test("secrets have 256 bits and are nowhere in what is stored", async () => {
  const { ring, store } = started();
  const issued = await Promise.all(Array.from({ length: 50 }, (_, i) => ring.create(wanted(`app-${i}`))));
  for (const { secret } of issued) {
    expect(secret).toMatch(/^sk-cx-[\w-]{43}$/);
    expect(store.text).not.toContain(secret);
    expect(store.text).toContain(sha256(secret));
  }
  expect(new Set(issued.map(({ secret }) => secret)).size).toBe(50);
});

const step = fc.oneof(
  fc.record({ what: fc.constant("create" as const), name: fc.constantFrom("a", "b", "c"), ends: fc.nat(50) }),
  fc.record({ what: fc.constant("rotate" as const), name: fc.constantFrom("a", "b", "c"), ends: fc.nat(50) }),
  fc.record({ what: fc.constant("revoke" as const), name: fc.constantFrom("a", "b", "c"), ends: fc.nat() }),
  fc.record({ what: fc.constant("wait" as const), name: fc.constant(""), ends: fc.nat(30) }),
  fc.record({ what: fc.constant("restart" as const), name: fc.constant(""), ends: fc.nat() }),
);

test("after any changes, waits and restarts exactly the right secrets are good", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const store = new MemoryStore();
      const clock = { now: START };
      const open = (): KeyRing => new KeyRing({ store, now: () => clock.now });
      let ring = open();
      /** What should be good: until when, by secret. */
      const ends = new Map<string, { name: string; until: number }>();
      for (const { what, name, ends: after } of steps) {
        switch (what) {
          case "create": {
            const expiresAt = after === 0 ? undefined : clock.now + after;
            const issued = await ring.create(wanted(name, { expiresAt })).catch(() => undefined);
            if (issued !== undefined)
              ends.set(issued.secret, { name, until: expiresAt ?? Number.POSITIVE_INFINITY });
            break;
          }
          case "rotate": {
            const issued = await ring.rotate(name, after).catch(() => undefined);
            if (issued === undefined) break;
            for (const one of ends.values())
              if (one.name === name) one.until = Math.min(one.until, clock.now + after);
            ends.set(issued.secret, { name, until: issued.key.expiresAt ?? Number.POSITIVE_INFINITY });
            break;
          }
          case "revoke":
            if ((await ring.revoke(name).catch(() => undefined)) !== undefined)
              for (const one of ends.values()) if (one.name === name) one.until = clock.now;
            break;
          case "wait":
            clock.now += after;
            break;
          case "restart":
            ring = open();
        }
        for (const [secret, { name: holder, until }] of ends)
          expect(nameOf(ring, secret)).toBe(clock.now < until ? holder : undefined);
      }
    }),
  );
});
