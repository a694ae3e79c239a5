import { badRequest, GatewayError } from "../../domain/errors.ts";
import type { JobRecord } from "./records.ts";
import {
  checkpointJson,
  eventJson,
  fileJson,
  jobJson,
  jobRequest,
  pageOf,
  parseAs,
  uploadRequest,
} from "./tuning-wire.ts";
import { errorJson } from "./wire.ts";
import type { Workshop } from "./workshop.ts";

/** Largest file that is taken, in bytes: it is held in memory. */
const MAX_FILE = 100 * 1024 * 1024;

interface Call {
  readonly workshop: Workshop;
  readonly request: Request;
  readonly query: URLSearchParams;
  /** What the path names. */
  readonly id: string;
  /** For jobs that name no seed of their own. */
  readonly seed: number;
}

type Handler = (call: Call) => Promise<unknown>;

/** OpenAI's files and fine-tuning, by method and path after `/v1`. */
const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
  ["POST", /^\/files$/, upload],
  ["GET", /^\/files$/, listFiles],
  ["GET", /^\/files\/([^/]+)$/, async (call) => fileJson(await fileOf(call))],
  ["DELETE", /^\/files\/([^/]+)$/, deleteFile],
  ["GET", /^\/files\/([^/]+)\/content$/, contentOf],
  ["POST", /^\/fine_tuning\/jobs$/, createJob],
  ["GET", /^\/fine_tuning\/jobs$/, listJobs],
  ["GET", /^\/fine_tuning\/jobs\/([^/]+)$/, async ({ workshop, id }) => jobJson(await workshop.job(id))],
  [
    "POST",
    /^\/fine_tuning\/jobs\/([^/]+)\/cancel$/,
    async ({ workshop, id }) => jobJson(await workshop.cancel(id)),
  ],
  ["GET", /^\/fine_tuning\/jobs\/([^/]+)\/events$/, listEvents],
  ["GET", /^\/fine_tuning\/jobs\/([^/]+)\/checkpoints$/, listCheckpoints],
];

/**
 * A `fetch` that is OpenAI's API for files and fine-tuning, without a network.
 * @param open the workshop, when it is first needed
 */
export function tuningFetch(open: () => Promise<Workshop>, seed: number): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const answer = await answerTo(request, open, seed);
    request.signal.throwIfAborted();
    return answer;
  };
}

async function answerTo(request: Request, open: () => Promise<Workshop>, seed: number): Promise<Response> {
  const { pathname, searchParams: query } = new URL(request.url);
  const path = pathname.replace(/^.*?\/v1(?=\/)/, "");
  try {
    for (const [method, pattern, handle] of ROUTES) {
      const match = pattern.exec(path);
      if (method !== request.method || match === null) continue;
      const id = decodeURIComponent(match[1] ?? "");
      const made = await handle({ workshop: await open(), request, query, id, seed });
      return made instanceof Response ? made : json(200, JSON.stringify(made));
    }
    throw notFound("unknown_url", `Unknown request URL: ${request.method} ${pathname}`);
  } catch (error) {
    if (error instanceof Error && "syscall" in error && "code" in error)
      return json(500, errorJson(noFolder(String(error.code)), "server_error", null));
    if (!(error instanceof GatewayError)) throw error;
    const { status, message, type, code, param } = error;
    return json(status, errorJson(message, type, code, param));
  }
}

/** Not by its whole path: clients of the gateway may be told of it. */
function noFolder(code: string): string {
  return `The simulator can't read or write its folder, \`simulator\` in the data folder (${code}): look at its rights.`;
}

function json(status: number, body: string): Response {
  return new Response(body, {
    status,
    headers: { "content-type": "application/json", "x-simulated": "true" },
  });
}

function notFound(code: string, message: string, param?: string): GatewayError {
  return new GatewayError({ status: 404, type: "invalid_request_error", code, message, param });
}

async function upload({ workshop, request }: Call): Promise<unknown> {
  const form = await request.formData().catch(() => undefined);
  if (form === undefined) throw badRequest("invalid_value", "The body must be multipart/form-data");
  const file = form.get("file");
  if (file === null || typeof file === "string")
    throw badRequest("missing_required_parameter", "Missing required parameter: 'file'", "file");
  const { "expires_after[seconds]": seconds } = parseAs(uploadRequest, Object.fromEntries(form));
  if (file.size > MAX_FILE)
    throw new GatewayError({
      status: 413,
      type: "invalid_request_error",
      code: "file_too_large",
      message: `The simulator takes files of ${MAX_FILE / 1024 / 1024} MiB at most`,
      param: "file",
    });
  return fileJson(await workshop.files.add(file.name, new Uint8Array(await file.arrayBuffer()), seconds));
}

async function listFiles({ workshop, query }: Call): Promise<unknown> {
  const files = await workshop.files.list();
  const wanted = query.get("purpose");
  const of = files.filter(({ purpose }) => wanted === null || purpose === wanted).map(fileJson);
  return pageOf(query.get("order") === "asc" ? of.reverse() : of, query, { default: 10_000, most: 10_000 });
}

async function fileOf({ workshop, id }: Pick<Call, "workshop" | "id">) {
  const file = await workshop.files.find(id);
  if (file === undefined) throw notFound("file_not_found", `No such File object: ${id}`, "id");
  return file;
}

async function deleteFile(call: Call): Promise<unknown> {
  const { id } = await fileOf(call);
  await call.workshop.files.remove(id);
  return { object: "file", id, deleted: true };
}

async function contentOf(call: Call): Promise<Response> {
  const { id } = await fileOf(call);
  return new Response((await call.workshop.files.text(id)) ?? "", {
    headers: { "content-type": "application/octet-stream", "x-simulated": "true" },
  });
}

async function createJob({ workshop, request, seed }: Call): Promise<unknown> {
  const body: unknown = await request.json().catch(() => undefined);
  const asked = parseAs(jobRequest, body);
  for (const param of ["training_file", "validation_file"] as const) {
    const id = asked[param];
    if (id !== undefined && id !== null && (await workshop.files.find(id)) === undefined)
      throw badRequest("file_not_found", `File '${id}' does not exist or is not accessible`, param);
  }
  const job = await workshop.create({
    model: asked.model,
    training_file: asked.training_file,
    validation_file: asked.validation_file ?? null,
    suffix: asked.suffix ?? "",
    seed: asked.seed ?? seed,
    metadata: asked.metadata ?? null,
    hyperparameters: asked.method?.supervised?.hyperparameters ??
      asked.hyperparameters ?? { n_epochs: "auto", batch_size: "auto", learning_rate_multiplier: "auto" },
  });
  return jobJson(job);
}

async function listJobs({ workshop, query }: Call): Promise<unknown> {
  const wanted = [...query].flatMap(([key, value]) => {
    const [, name] = /^metadata\[(.+)\]$/.exec(key) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  const fits = ({ metadata }: JobRecord): boolean =>
    wanted.every(([name, value]) => metadata?.[name] === value);
  const jobs = (await workshop.jobs()).filter(fits);
  return pageOf(jobs.map(jobJson), query, { default: 20, most: 100 });
}

async function listEvents({ workshop, query, id }: Call): Promise<unknown> {
  return pageOf((await workshop.events(id)).map(eventJson), query, { default: 20, most: 1000 });
}

async function listCheckpoints({ workshop, query, id }: Call): Promise<unknown> {
  const { checkpoints } = await workshop.job(id);
  const newestFirst = checkpoints.map((checkpoint) => checkpointJson(id, checkpoint)).reverse();
  return pageOf(newestFirst, query, { default: 10, most: 100 });
}
