import { describe, expect, test } from "vitest";
import { huggingface } from "../../src/providers/huggingface.ts";

const LLAMA = "meta-llama/Llama-3.1-8B-Instruct";

function connect(model: string, more: Readonly<Record<string, unknown>> = {}) {
  return huggingface.connect(
    { kind: "huggingface", apiKey: "hf_1", ...more },
    { name: "m", model },
    { dataDir: "data" },
  );
}

test("a model id goes to the router", () => {
  expect(connect(LLAMA)).toEqual({
    url: "https://router.huggingface.co/v1/chat/completions",
    headers: { authorization: "Bearer hf_1" },
    model: LLAMA,
    streamUsage: true,
    metadata: "forward",
    secrets: ["hf_1"],
  });
});

test("a provider may be named after a colon", () => {
  expect(connect(`${LLAMA}:together`).model).toBe(`${LLAMA}:together`);
});

test.each(["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/"])(
  "an endpoint's address, ending in %j, is a dedicated Inference Endpoint",
  (end) => {
    const target = connect(`https://abc.us-east-1.aws.endpoints.huggingface.cloud${end}`);
    expect(target.url).toBe("https://abc.us-east-1.aws.endpoints.huggingface.cloud/v1/chat/completions");
    expect(target.model).toBe("tgi");
  },
);

test("another router, and who pays", () => {
  const target = connect(LLAMA, { baseURL: "http://127.0.0.1:1/v1/", billTo: "acme" });
  expect(target.url).toBe("http://127.0.0.1:1/v1/chat/completions");
  expect(target.headers).toEqual({ authorization: "Bearer hf_1", "x-hf-bill-to": "acme" });
});

test.each(["gpt2", "a/b/c", "a b/c", "ftp://x/y", "", `${LLAMA}:`])(
  "%j is no model of Hugging Face",
  (model) => {
    expect(() => connect(model)).toThrow(expect.objectContaining({ key: "model" }));
  },
);

test("an address that can't be read is refused", () => {
  expect(() => connect("https://[bad")).toThrow(expect.objectContaining({ key: "model" }));
});

test("an empty token is refused, and is what lets the simulator stand in", () => {
  expect(() => connect(LLAMA, { apiKey: "" })).toThrow(expect.objectContaining({ key: "apiKey" }));
  expect(huggingface.lacksKey({ kind: "huggingface", apiKey: "" })).toBe(true);
  expect(huggingface.lacksKey({ kind: "huggingface", apiKey: "hf_1" })).toBe(false);
});

describe("training", () => {
  const access = (tuning?: Readonly<Record<string, unknown>>) =>
    huggingface.tuning?.({ kind: "huggingface", apiKey: "hf_1", tuning }, { dataDir: "data" });

  test("goes to the Hub and its endpoints with the token, on a small GPU", () => {
    expect(access()).toEqual({
      api: "huggingface",
      token: "hf_1",
      hubURL: "https://huggingface.co",
      endpointsURL: "https://api.endpoints.huggingface.cloud",
      namespace: undefined,
      flavor: "a10g-small",
      timeoutSeconds: 6 * 3600,
      endpoint: {
        vendor: "aws",
        region: "us-east-1",
        accelerator: "gpu",
        instanceType: "nvidia-l4",
        instanceSize: "x1",
        scaleToZeroMinutes: 15,
        hostingPerHour: undefined,
      },
    });
  });

  test("takes other places and hardware, and an endpoint that never sleeps", () => {
    const endpoint = { vendor: "gcp", region: "us-east4", instanceSize: "x2", scaleToZeroMinutes: false };
    expect(
      access({ namespace: "acme", hubURL: "http://127.0.0.1:1/", timeoutHours: 0.5, endpoint }),
    ).toMatchObject({
      namespace: "acme",
      hubURL: "http://127.0.0.1:1",
      timeoutSeconds: 1800,
      endpoint: { ...endpoint, scaleToZeroMinutes: undefined },
    });
  });
});
