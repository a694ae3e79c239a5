import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { expect, test, vi } from "vitest";
import { newDataDir } from "./data-dir.ts";
import { matchesSpec } from "./openapi.ts";
import { fileOf, jsonl, QUERIES, refused, tunerOn, upload } from "./training.ts";

test("an uploaded file is there, by its id, in the list and with its content, until it is deleted", async () => {
  const tuner = tunerOn(newDataDir());
  const sent = fileOf(QUERIES.slice(0, 12), "crossover-1-train.jsonl");
  const file = await tuner.files.create({ file: sent, purpose: "fine-tune" });
  expect(file).toMatchObject({
    id: expect.stringMatching(/^file-[0-9a-f]{24}$/),
    object: "file",
    bytes: sent.size,
    filename: "crossover-1-train.jsonl",
    purpose: "fine-tune",
    status: "processed",
  });
  matchesSpec("OpenAIFile", file);
  expect(await tuner.files.retrieve(file.id)).toEqual(file);
  expect(await (await tuner.files.content(file.id)).text()).toBe(await sent.text());
  const list = await tuner.files.list({ purpose: "fine-tune" });
  expect(list.data).toEqual([file]);
  const deleted = await tuner.files.delete(file.id);
  expect(deleted).toEqual({ id: file.id, object: "file", deleted: true });
  matchesSpec("DeleteFileResponse", deleted);
  expect((await tuner.files.list()).data).toEqual([]);
  expect(await refused(tuner.files.retrieve(file.id))).toBeInstanceOf(OpenAI.NotFoundError);
  expect(await refused(tuner.files.content(file.id))).toBeInstanceOf(OpenAI.NotFoundError);
});

test("a folder that can't be written is told as such", async () => {
  const dataDir = newDataDir();
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, "simulator"), "a file");
  const error = await refused(upload(tunerOn(dataDir), jsonl([])));
  expect(error).toMatchObject({ status: 500, type: "server_error" });
  expect(String(error)).toMatch(/can't read or write its folder, `simulator` in the data folder \(E[A-Z]+\)/);
  expect(String(error)).not.toContain(dataDir);
});

test("files are listed newest first or oldest first, page by page", async () => {
  const tuner = tunerOn(newDataDir());
  const ids: string[] = [];
  for (let at = 0; at < 5; at++) ids.push(await upload(tuner, jsonl([], `${at}.jsonl`)));
  const listed = async (order: "asc" | "desc") => {
    const found: string[] = [];
    for await (const { id } of tuner.files.list({ limit: 2, order })) found.push(id);
    return found;
  };
  expect(await listed("asc")).toEqual(ids);
  expect(await listed("desc")).toEqual(ids.toReversed());
  const page = await tuner.files.list({ limit: 2, after: ids[3] ?? "" });
  expect([page.data.map(({ id }) => id), page.has_more]).toEqual([[ids[2], ids[1]], true]);
});

test("a file that expires is gone after its time", async () => {
  const tuner = tunerOn(newDataDir());
  const file = await tuner.files.create({
    file: jsonl([]),
    purpose: "fine-tune",
    expires_after: { anchor: "created_at", seconds: 3600 },
  });
  expect(file.expires_at).toBe(file.created_at + 3600);
  expect(await tuner.files.retrieve(file.id)).toEqual(file);
  vi.useFakeTimers({ toFake: ["Date"], now: (file.created_at + 3600) * 1000 });
  try {
    expect(await refused(tuner.files.retrieve(file.id))).toBeInstanceOf(OpenAI.NotFoundError);
  } finally {
    vi.useRealTimers();
  }
});

test("what is no file for fine-tuning is refused as OpenAI refuses it", async () => {
  const tuner = tunerOn(newDataDir());
  const purpose = await refused(tuner.files.create({ file: jsonl([]), purpose: "batch" }));
  expect(purpose).toBeInstanceOf(OpenAI.BadRequestError);
  expect(purpose).toMatchObject({ param: "purpose", code: "invalid_value", type: "invalid_request_error" });
  const missing = await refused(tuner.post("/files", { body: { purpose: "fine-tune" } }));
  expect(missing).toMatchObject({ status: 400 });
  const unknown = await refused(tuner.get("/batches"));
  expect(unknown).toMatchObject({ status: 404, code: "unknown_url" });
  expect(String(unknown)).toContain("[simulated]");
  for (const id of ["file-none", "../jobs/x", "%2e%2e"])
    expect(await refused(tuner.files.retrieve(id))).toMatchObject({ status: 404 });
  expect(await refused(tuner.files.list({ after: "file-none" }))).toMatchObject({
    status: 400,
    param: "after",
  });
  expect(await refused(tuner.files.list({ limit: 0 }))).toMatchObject({ status: 400, param: "limit" });
});

test("a request that was aborted is not answered", async () => {
  const tuner = tunerOn(newDataDir());
  const signal = AbortSignal.abort();
  expect(await refused(tuner.files.list({}, { signal }))).toBeInstanceOf(OpenAI.APIUserAbortError);
});
