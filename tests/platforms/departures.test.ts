import { expect, test } from "vitest";
import { Departures } from "../../src/departures.ts";
import { WebReply } from "../../src/transport/web-exchange.ts";

test("who leaves is noticed, and who stays or was answered is not disturbed", async () => {
  const departures = new Departures(1);
  const client = new AbortController();
  const open = (signal = client.signal): WebReply =>
    new WebReply(new Request("http://gateway/", { signal }), departures, 60_000);
  const [answered, leaves, stays] = [open(), open(), open(new AbortController().signal)];
  const left = new Promise<void>((resolve) => {
    leaves.listener = { drained: () => {}, asked: () => {}, left: () => resolve() };
  });
  answered.send(200, {}, "done");
  client.abort();
  await left;
  expect([answered.closed, leaves.closed, stays.closed]).toEqual([false, true, false]);
  expect((await leaves.response).status).toBe(499);
  expect(await (await answered.response).text()).toBe("done");
});
