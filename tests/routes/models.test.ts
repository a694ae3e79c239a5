import { NotFoundError } from "openai";
import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";

const rules = [{ use: "tuned" }];
const routes = { plain: { rules }, "team/recipes": { rules }, "ft:like:name": { rules } };

test("the official SDK lists the routes and gets one", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { routes }));
  const { data, object } = await gateway.client.models.list();
  expect(object).toBe("list");
  expect(data).toEqual(
    Object.keys(routes).map((id) => ({
      id,
      object: "model",
      created: expect.any(Number),
      owned_by: "crossover",
    })),
  );
  const now = Date.now() / 1000;
  for (const { created } of data) {
    expect(Number.isInteger(created)).toBe(true);
    expect(Math.abs(now - created)).toBeLessThan(600);
  }
  expect(await gateway.client.models.retrieve("plain")).toEqual(data[0]);
});

test("a route with a slash is found, written out or encoded", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { routes }));
  for (const path of ["team/recipes", "team%2Frecipes", "ft:like:name", "ft%3Alike%3Aname"]) {
    const answer = await fetch(`${gateway.url}/v1/models/${path}`);
    expect((await answer.json()).id).toBe(decodeURIComponent(path));
  }
});

test("an unknown route is 404 model_not_found", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { routes }));
  const error = await gateway.client.models.retrieve("nothing").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NotFoundError);
  expect(error).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
  for (const name of ["constructor", "__proto__", "%00", "x".repeat(500)]) {
    const answer = await fetch(`${gateway.url}/v1/models/${name}`);
    expect([answer.status, (await answer.json()).error.code]).toEqual([404, "model_not_found"]);
  }
});

test("with keys, each sees its own routes only", async () => {
  const keys = {
    all: { secret: "secret-of-the-key-all" },
    one: { secret: "secret-of-the-key-one", routes: ["plain"] },
  };
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { routes, keys }));
  const get = async (path: string, key?: string): Promise<readonly [number, Record<string, unknown>]> => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const answer = await fetch(`${gateway.url}/v1/models${path}`, { headers });
    return [answer.status, await answer.json()];
  };
  const ids = async (key: string) => {
    const [, body] = await get("", key);
    return Array.isArray(body["data"]) ? body["data"].map((model: { id: string }) => model.id) : body;
  };
  expect(await ids("secret-of-the-key-all")).toEqual(Object.keys(routes));
  expect(await ids("secret-of-the-key-one")).toEqual(["plain"]);
  expect((await get("/plain", "secret-of-the-key-one"))[0]).toBe(200);
  // The same as the chat endpoint says, where a key would find out anyway.
  const [status, body] = await get("/team/recipes", "secret-of-the-key-one");
  expect([status, body["error"]]).toMatchObject([403, { code: "model_not_allowed" }]);
  expect(await get("")).toEqual([401, { error: expect.objectContaining({ code: "missing_api_key" }) }]);
  expect(await get("", "wrong")).toEqual([
    401,
    { error: expect.objectContaining({ code: "invalid_api_key" }) },
  ]);
});

test("other methods than GET are refused", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9", { routes }));
  for (const path of ["/v1/models", "/v1/models/plain"]) {
    const answer = await fetch(`${gateway.url}${path}`, { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
    expect((await answer.json()).error.code).toBe("method_not_allowed");
  }
});
