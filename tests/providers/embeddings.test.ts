import OpenAI, { AzureOpenAI } from "openai";
import { describe, expect, test } from "vitest";
import { cosine } from "../../src/comparison/similarity.ts";
import { azureOpenai } from "../../src/providers/azure-openai.ts";
import { openai } from "../../src/providers/openai.ts";
import { simulator } from "../../src/providers/simulator.ts";
import { transportOf } from "./simulated.ts";

const ENDPOINT = "https://acme.openai.azure.com";

describe("the address for embeddings is the one that the official SDK calls", () => {
  test("OpenAI", async () => {
    const sent: string[] = [];
    const client = new OpenAI({ apiKey: "key-1", fetch: answering(sent) });
    await client.embeddings.create({ model: "text-embedding-3-small", input: "a" });
    const target = openai.connect(
      { kind: "openai", apiKey: "key-1" },
      { name: "m", model: "text-embedding-3-small" },
      { dataDir: "data" },
    );
    expect(sent).toEqual([target.embeddingsUrl]);
  });

  test("Azure OpenAI with a dated version", async () => {
    const sent: string[] = [];
    const settings = { endpoint: ENDPOINT, apiKey: "key-1", apiVersion: "2024-10-21" };
    const client = new AzureOpenAI({ ...settings, fetch: answering(sent) });
    await client.embeddings.create({ model: "vectors", input: "a" });
    const target = azureOpenai.connect(
      { kind: "azure-openai", ...settings },
      { name: "m", model: "vectors" },
      { dataDir: "data" },
    );
    expect(sent).toEqual([target.embeddingsUrl]);
  });

  test("Azure OpenAI's v1", () => {
    const target = azureOpenai.connect(
      { kind: "azure-openai", endpoint: ENDPOINT, apiKey: "key-1" },
      { name: "m", model: "vectors" },
      { dataDir: "data" },
    );
    expect(target.embeddingsUrl).toBe(`${ENDPOINT}/openai/v1/embeddings`);
  });
});

function answering(sent: string[]): typeof fetch {
  return async (input) => {
    sent.push(String(input));
    return Response.json({ object: "list", data: [], model: "m", usage: {} });
  };
}

describe("the simulator's embeddings", () => {
  const { embeddingsUrl = "" } = simulator.connect(
    { kind: "simulator" },
    { name: "m", model: "m" },
    { dataDir: "data" },
  );

  function post(body: unknown): Promise<{ readonly status: number; readonly text: string }> {
    const { promise, resolve } = Promise.withResolvers<{ status: number; text: string }>();
    const got = { status: 0, text: "" };
    transportOf().send({ url: embeddingsUrl, headers: {}, connectTimeoutMs: 1 }, JSON.stringify(body), {
      head: (status) => void Object.assign(got, { status }),
      data: (bytes) => {
        got.text += new TextDecoder().decode(bytes);
        return true;
      },
      end: () => resolve(got),
      fail: () => resolve(got),
    });
    return promise;
  }

  async function vectorsOf(...input: readonly string[]): Promise<readonly (readonly number[])[]> {
    const { data }: OpenAI.CreateEmbeddingResponse = JSON.parse((await post({ model: "m", input })).text);
    expect(data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
    return data.map(({ embedding }) => embedding);
  }

  test("texts with the same words are the same, with others they are less alike", async () => {
    const [a = [], same = [], near = [], far = []] = await vectorsOf(
      "Chop the tomatoes",
      "the tomatoes: chop!",
      "Chop the onions",
      "Bake bread slowly",
    );
    expect(cosine(a, same)).toBeCloseTo(1, 12);
    expect(cosine(a, near)).toBeCloseTo(2 / 3, 12);
    expect(cosine(a, far)).toBeCloseTo(0, 12);
    expect(await vectorsOf("Chop the tomatoes")).toEqual([a]);
  });

  test("a text without words has one too", async () => {
    const [dots = []] = await vectorsOf("...");
    expect(Math.hypot(...dots)).toBeCloseTo(1, 12);
  });

  test("a request without texts is refused", async () => {
    expect((await post({ model: "m" })).status).toBe(400);
    expect((await post({ model: "m", input: [] })).status).toBe(400);
  });
});
