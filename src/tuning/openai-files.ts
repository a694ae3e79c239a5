import type { OpenAI } from "openai";
import { z } from "zod";
import { type FileAnswer, fileAnswer, pageOf } from "./openai-answers.ts";
import { ask } from "./openai-client.ts";
import { AGAIN } from "./openai-errors.ts";
import { itemsOf } from "./openai-pages.ts";
import { ProviderProblem, type Upload, type UploadedFiles } from "./trainer.ts";
import { wait } from "./wait.ts";

/** How long a file that Azure imports is waited for at a time, and how often it is asked for, in milliseconds. */
const IMPORT_MS = 600_000;
export const IMPORT_POLL_MS = 3000;

const filePage = pageOf(fileAnswer);

/** Files of this name are looked for in so many pages, each as long as the provider makes it: up to 10,000. */
const MOST_PAGES = 100;

/** The file of this name and size that may still be trained on. */
export async function findFile(
  client: OpenAI,
  { name, bytes }: Upload,
  signal: AbortSignal,
): Promise<FileAnswer | undefined> {
  const read = (after: string | undefined) =>
    ask("reading", filePage, signal, (options) =>
      client.files.list({ purpose: "fine-tune", ...(after !== undefined && { after }) }, options),
    );
  for await (const file of itemsOf<typeof fileAnswer>(read, MOST_PAGES)) {
    const isSame = file.filename === name && (file.bytes ?? bytes) === bytes;
    if (isSame && !isLost(file)) return file;
  }
  return undefined;
}

/** Deletes files by their ids, and those of these names, which are a job's own. */
export async function removeFiles(
  client: OpenAI,
  { ids, names }: Pick<UploadedFiles, "ids" | "names">,
  signal: AbortSignal,
): Promise<void> {
  for (const id of ids) await removeFile(client, id, signal);
  const read = (after: string | undefined) =>
    ask("reading", filePage, signal, (options) =>
      client.files.list({ purpose: "fine-tune", ...(after !== undefined && { after }) }, options),
    );
  const others: string[] = [];
  for await (const file of itemsOf<typeof fileAnswer>(read, MOST_PAGES))
    if (names.includes(file.filename) && !isGone(file) && !ids.includes(file.id)) others.push(file.id);
  for (const id of others) await removeFile(client, id, signal);
}

async function removeFile(client: OpenAI, id: string, signal: AbortSignal): Promise<void> {
  try {
    await ask("deleting", z.unknown(), signal, (options) => client.files.delete(id, options));
  } catch (error) {
    if (!(error instanceof ProviderProblem && error.status === 404)) throw error;
  }
}

export async function uploadFile(client: OpenAI, upload: Upload, signal: AbortSignal): Promise<FileAnswer> {
  const file = new File([await upload.open()], upload.name, { type: "application/jsonl" });
  return ask("uploading", fileAnswer, signal, (options) =>
    client.files.create({ file, purpose: "fine-tune" }, options),
  );
}

/**
 * Waits until a file may be used. OpenAI's may at once; Azure imports them first.
 * @throws ProviderProblem for a file that can't be imported, and a temporary one when it takes very long
 */
export async function untilImported(
  client: OpenAI,
  uploaded: FileAnswer,
  pollMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + IMPORT_MS;
  let file = uploaded;
  while (isImporting(file)) {
    if (Date.now() > deadline) throw slow(file);
    await wait(pollMs, signal);
    file = await ask("reading", fileAnswer, signal, (options) => client.files.retrieve(uploaded.id, options));
  }
  if (isLost(file)) throw lost(file);
}

function isImporting({ status }: FileAnswer): boolean {
  return status === "pending" || status === "running";
}

function isLost({ status }: FileAnswer): boolean {
  return status === "error" || isGone({ status });
}

function isGone({ status }: Pick<FileAnswer, "status">): boolean {
  return status === "deleting" || status === "deleted";
}

function slow(file: FileAnswer): ProviderProblem {
  return new ProviderProblem({
    kind: "temporary",
    message: `The provider has been reading the file ${file.filename} for minutes.`,
    hint: AGAIN,
    raw: JSON.stringify(file),
  });
}

function lost(file: FileAnswer): ProviderProblem {
  return new ProviderProblem({
    kind: "final",
    message: file.status_details
      ? `The provider can't use the file ${file.filename}. It says: ${file.status_details}`
      : `The provider can't use the file ${file.filename}: its state there is ${file.status}.`,
    hint: "Correct the data set and start a new job.",
    raw: JSON.stringify(file),
  });
}
