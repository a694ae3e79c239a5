import { expect, test } from "vitest";
import { problem, seen } from "./fake-provider.ts";
import { config, QUESTION, SECRET, trained, world } from "./world.ts";

const ROTATED = "sk-proj-another-fedcba9876543210";

test("nothing that a provider says or names brings a secret into the store", async () => {
  const all = await world();
  const named = `ft:${SECRET}`;
  all.provider.script = [
    seen("running", {
      status: `running with ${SECRET}`,
      events: [{ at: 1, message: `with ${SECRET}` }],
      checkpoints: [{ id: SECRET, step: 1, model: named }],
    }),
    seen("succeeded", { model: named, checkpoints: [{ id: SECRET, step: 1, model: named }] }),
  ];
  const tuner = all.tuner();
  const documents: (string | undefined)[] = [];
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  all.provider.at = async () => void documents.push((await all.store.tuningJob(id))?.document);
  const job = await tuner.work(id, AbortSignal.timeout(20_000));
  expect(job.remote.checkpoints).toHaveLength(1);
  expect(job.remote.status).toMatch(/^running with \[redacted|^succeeded/);
  documents.push((await all.store.tuningJob(id))?.document);
  for (const document of documents) expect(document).not.toContain(SECRET);
});

test("a key that is changed while its call is under way is no secret less", async () => {
  const all = await world();
  all.provider.at = (moment) => {
    if (moment !== "before observe") return;
    all.configure(JSON.parse(JSON.stringify(config()).replaceAll(SECRET, ROTATED)));
    throw Object.assign(problem("final", `${SECRET}, not ${ROTATED}`, `${SECRET} ${ROTATED}`), {
      code: SECRET,
    });
  };
  const job = await trained(all.tuner());
  expect(job).toMatchObject({ state: "manual", problem: { code: expect.stringContaining("redacted") } });
  for (const secret of [SECRET, ROTATED]) expect(JSON.stringify(job)).not.toContain(secret);
});

test("where in our own code something broke is for the log", async () => {
  const all = await world();
  all.provider.at = (moment) => {
    if (moment === "before observe") throw new TypeError("a bug");
  };
  const job = await trained(all.tuner());
  expect(job).toMatchObject({ state: "manual", problem: { raw: "" } });
  expect(JSON.stringify(all.logs)).toContain("secrets.test.ts");
  expect(JSON.stringify(job)).not.toContain(".ts:");
});
