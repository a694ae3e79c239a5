import { describe, expect, test } from "vitest";
import { GatewayError } from "../../src/domain/errors.ts";
import type { RolloutView } from "../../src/rollouts/run.ts";
import { useDatabases } from "../store/databases.ts";
import { type TestGateway, until } from "../support/gateway.ts";
import { ASKED, migrate, type Sent, send, users } from "./migration.ts";

const { kinds } = useDatabases();

async function viewOf({ rollouts }: TestGateway): Promise<RolloutView> {
  if (rollouts === undefined) throw new TypeError("the gateway has no store");
  return rollouts.control.view("move");
}

const stateOf = async (gateway: TestGateway) => (await viewOf(gateway)).run?.state;
/** Asks again where a busy machine's store does not answer in time: it may have begun all the same. */
async function start(gateway: TestGateway): Promise<void> {
  await until(async () => {
    await gateway.rollouts?.control.start("move", ASKED).catch((error: unknown) => {
      if (!(error instanceof GatewayError && error.status >= 409)) throw error;
    });
    return (await stateOf(gateway)) === "running";
  }, 60_000);
}
const changesOf = async (gateway: TestGateway) =>
  (await gateway.rollouts?.control.changes("move", 100)) ?? [];
const variantsOf = (sent: readonly Sent[]) => new Set(sent.map(({ variant }) => variant));

/** Sends requests of ever other users as long as the run is running. */
async function sendWhileRunning(
  gateways: readonly [TestGateway, ...TestGateway[]],
  atOnce: number,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  while ((await stateOf(gateways[0])) === "running") {
    expect(sent.length).toBeLessThan(1000);
    sent.push(...(await send(gateways, users(atOnce, 1000 + sent.length), atOnce)));
  }
  return sent;
}

describe("a rollout", { timeout: 90_000 }, () => {
  const [sqlite] = kinds;
  const create = async () => (await sqlite?.create()) ?? "";

  test("whose candidate turns bad is rolled back with its evidence, and all users return, also after a restart", async () => {
    const { run, turnBad } = await migrate(await create(), { stages: [25] });
    const gateway = await run();
    await start(gateway);
    const before = await send([gateway], users(40));
    expect(variantsOf(before)).toEqual(new Set(["prompted", "tuned"]));
    expect(before.every(({ status }) => status === 200)).toBe(true);
    expect(await stateOf(gateway)).toBe("running");

    turnBad();
    const after = await sendWhileRunning([gateway], 4);
    const view = await viewOf(gateway);
    expect(view.run).toMatchObject({ state: "rolled_back", verdict: { guardrail: "errors" } });
    const [change] = await changesOf(gateway);
    expect(change).toMatchObject({ action: "rollback", by: "crossover", to: { percent: 0 } });
    const errors = change?.evidence.find(({ guardrail }) => guardrail === "errors");
    expect(errors?.candidate.events).toBeGreaterThan(2);
    expect(after.filter(({ status }) => status === 500).length).toBeGreaterThan(2);

    expect(variantsOf(await send([gateway], users(40)))).toEqual(new Set(["prompted"]));
    await gateway.close(0);
    const again = await run();
    expect(variantsOf(await send([again], users(40)))).toEqual(new Set(["prompted"]));
    expect(await until(async () => (await viewOf(again)).run, 60_000)).toEqual(view.run);
  });

  test("whose candidate is well is promoted through its stages, and no user flips back", async () => {
    const { run } = await migrate(await create(), {
      stages: [
        { percent: 10, minRequests: 3, minTime: 0 },
        { percent: 50, minRequests: 10, minTime: 0 },
      ],
      proof: { above: 50, margin: 0.3, each: "request" },
    });
    const gateway = await run();
    await start(gateway);
    const seen = new Map<string, string | null>();
    for (let round = 0; (await stateOf(gateway)) === "running"; round++) {
      expect(round).toBeLessThan(100);
      for (const { user, variant, status } of await send([gateway], users(40))) {
        expect(status).toBe(200);
        if (seen.get(user) === "tuned") expect(variant).toBe("tuned");
        seen.set(user, variant);
      }
    }
    expect(await stateOf(gateway)).toBe("promoted");
    expect(variantsOf(await send([gateway], users(40)))).toEqual(new Set(["tuned"]));
    const changes = await changesOf(gateway);
    // How much the first stage sees before its next step is looked for is the machine's affair.
    const early: unknown = expect.stringMatching(/^(no_alarm|proved)$/);
    expect(changes.map(({ action, to, ground }) => [action, to.percent, ground]).reverse()).toEqual([
      ["start", 10, undefined],
      ["advance", 50, early],
      ["promote", 100, "proved"],
    ]);
  });

  test("that begins with shadowed requests goes on by them, and takes back a bad candidate that hardly a user got", async () => {
    const { run, turnBad } = await migrate(await create(), {
      stages: [{ percent: 0, shadow: 100, minRequests: 5, minTime: 0 }, { percent: 1, shadow: 100 }, 50],
    });
    const gateway = await run();
    await start(gateway);
    for (let i = 0; i < 5; i++) await send([gateway], users(1, 9000 + i));
    await until(async () => (await viewOf(gateway)).run?.stage === 1, 60_000);
    expect((await viewOf(gateway)).pairs).toMatchObject({ control: { errors: 0 }, candidate: { errors: 0 } });

    turnBad();
    const sent = await sendWhileRunning([gateway], 4);
    const view = await viewOf(gateway);
    expect(view.run).toMatchObject({ state: "rolled_back", verdict: { guardrail: "errors" } });
    expect(view.pairs?.candidate.errors).toBeGreaterThan(5);
    // At 1 % hardly a user is the candidate's: it was the pairs that told.
    expect(sent.filter(({ status }) => status !== 200).length).toBeLessThan(5);
  });

  test("comes to the same verdict at the same observation whether a restart is in the middle or not", async () => {
    const verdicts = [];
    for (const isRestarted of [false, true]) {
      const { run, turnBad } = await migrate(await create(), { stages: [25] });
      turnBad();
      let gateway = await run();
      await start(gateway);
      await send([gateway], users(5, 1000), 1);
      if (isRestarted) {
        await gateway.close(0);
        gateway = await run();
        await until(async () => (await viewOf(gateway)).sides.control.requests > 0, 60_000);
      }
      await sendWhileRunning([gateway], 1);
      const { run: ended } = await viewOf(gateway);
      verdicts.push({ ...ended?.verdict, seq: undefined });
    }
    expect(verdicts[0]?.observation).toBeGreaterThan(8);
    expect(verdicts[1]).toEqual(verdicts[0]);
  });
});

test.each(kinds)(
  "two gateways on $name agree on a rollout's weight and verdict, and users return on both",
  { timeout: 90_000 },
  async (database) => {
    const { run, turnBad } = await migrate(await database.create(), {
      stages: [{ percent: 10, minRequests: 2, minTime: 0 }, 50],
      proof: { above: 100 },
    });
    const [one, two] = [await run(), await run()];
    await start(one);
    await until(() => two.rollouts?.standings.get("move")?.share === 0.1, 60_000);
    while ((await viewOf(one)).run?.stage === 0) await send([one, two], users(40));
    await until(() => two.rollouts?.standings.get("move")?.share === 0.5, 60_000);
    turnBad();
    await sendWhileRunning([one, two], 4);
    await until(async () => (await stateOf(two)) === "rolled_back", 60_000);
    expect((await viewOf(two)).run).toEqual((await viewOf(one)).run);
    expect(variantsOf(await send([one, two], users(40)))).toEqual(new Set(["prompted"]));
    expect((await changesOf(two)).map(({ action }) => action)).toEqual(["rollback", "advance", "start"]);
  },
);
