import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { z } from "zod";
import {
  type Flavour,
  Refusal,
  type StateOptions,
  type StoredFile,
  type StoredJob,
} from "./openai-tuning-records.ts";
import { TuningState } from "./openai-tuning-state.ts";
import { sendJson } from "./upstream.ts";

/** A request as the double received it. */
export interface TuningRequest {
  readonly method: string;
  /** From the API's base on, such as /fine_tuning/jobs. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Of JSON, or the fields of a form without the file's content. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What goes wrong with the next requests whose method and path match, such as `POST /files`. */
export interface Fault {
  readonly on: RegExp;
  /** Default 1. */
  readonly times?: number;
  /** Is what was asked done before it goes wrong? Default no. */
  readonly done?: boolean;
  /** `lost`: the connection breaks without an answer. */
  readonly answer: (Answer & { readonly headers?: Readonly<Record<string, string>> }) | "lost";
}

export interface TuningDoubleOptions extends Partial<StateOptions> {
  readonly apiKey?: string;
  /** Most items of a page, whatever is asked for. */
  readonly pageSize?: number;
  /** Does a job go on whenever it is asked for? Default: with `advance` alone. */
  readonly auto?: boolean;
}

/** OpenAI's files and fine-tuning API, or Azure's, on a real port. */
export interface TuningDouble {
  /** Such as http://127.0.0.1:4321. OpenAI's API is under /v1, Azure's under /openai and /openai/v1. */
  readonly url: string;
  readonly apiKey: string;
  readonly state: TuningState;
  readonly requests: readonly TuningRequest[];
  readonly answers: readonly (Answer & { readonly request: TuningRequest })[];
  fault(fault: Fault): void;
  /** The next thing happens to a job. Default: to the newest one. */
  advance(id?: string): void;
  close(): void;
}

/** Listens until the test has finished. */
export async function startTuningDouble(options: TuningDoubleOptions = {}): Promise<TuningDouble> {
  const double = await openTuningDouble(options);
  onTestFinished(() => double.close());
  return double;
}

/** Listens until it is closed. */
export async function openTuningDouble(options: TuningDoubleOptions = {}): Promise<TuningDouble> {
  const { flavour = "openai", steps = 20, stepsPerAdvance = 10, importPolls = 2, minimumRows = 10 } = options;
  const state = new TuningState({ flavour, steps, stepsPerAdvance, importPolls, minimumRows });
  const { apiKey = "sk-double", pageSize = Number.POSITIVE_INFINITY, auto = false } = options;
  const api = new TuningApi(state, flavour, { apiKey, pageSize, auto });
  const server = createServer((request, response) => void api.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    apiKey,
    state,
    requests: api.requests,
    answers: api.answers,
    fault: (fault) => api.faults.push({ ...fault, left: fault.times ?? 1 }),
    advance: (id) => {
      const job = id === undefined ? state.jobs.at(-1) : state.job(id);
      if (job === undefined) throw new Error("there is no job yet");
      state.advance(job);
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface ApiOptions {
  readonly apiKey: string;
  readonly pageSize: number;
  readonly auto: boolean;
}

class TuningApi {
  readonly requests: TuningRequest[] = [];
  readonly answers: (Answer & { readonly request: TuningRequest })[] = [];
  readonly faults: (Fault & { left: number })[] = [];
  readonly #state: TuningState;
  readonly #flavour: Flavour;
  readonly #options: ApiOptions;

  constructor(state: TuningState, flavour: Flavour, options: ApiOptions) {
    this.#state = state;
    this.#flavour = flavour;
    this.#options = options;
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    const { isDated, request, file } = await this.#read(incoming, Buffer.concat(chunks));
    this.requests.push(request);
    const fault = this.faults.find(
      ({ left, on }) => left > 0 && on.test(`${request.method} ${request.path}`),
    );
    if (fault !== undefined) fault.left--;
    const answer = fault === undefined || fault.done ? this.#answer(request, file, isDated) : undefined;
    if (fault?.answer === "lost") return void response.socket?.destroy();
    if (fault !== undefined)
      return sendJson(response, fault.answer.body, fault.answer.status, fault.answer.headers);
    if (answer === undefined) return;
    this.answers.push({ ...answer, request });
    sendJson(response, answer.body, answer.status);
  }

  async #read(incoming: IncomingMessage, bytes: Buffer) {
    const { pathname, searchParams: query } = new URL(incoming.url ?? "", "http://double");
    const [, base = "", path = ""] = /^(\/openai\/v1|\/openai|\/v1)?(.*)$/.exec(pathname) ?? [];
    const { method = "", headers } = incoming;
    const type = headers["content-type"] ?? "";
    let body: unknown;
    let file: File | undefined;
    if (type.startsWith("multipart/form-data")) {
      const form = await new Request("http://double", {
        method,
        headers: { "content-type": type },
        body: new Uint8Array(bytes),
      }).formData();
      const sent = form.get("file");
      file = sent instanceof File ? sent : undefined;
      body = { purpose: form.get("purpose"), file: file?.name };
    } else if (bytes.length > 0) body = JSON.parse(bytes.toString("utf8"));
    const request: TuningRequest = {
      method,
      path: this.#isBase(base, query) ? path : "",
      query,
      headers,
      body,
    };
    const content = file && { name: file.name, text: withMark(await file.arrayBuffer()) };
    return { request, file: content, isDated: base === "/openai" };
  }

  /** Azure's dated versions want the date. */
  #isBase(base: string, query: URLSearchParams): boolean {
    if (this.#flavour === "openai") return base === "/v1";
    if (base === "/openai/v1") return ["v1", "preview", null].includes(query.get("api-version"));
    return base === "/openai" && /^\d{4}-\d{2}-\d{2}(-preview)?$/.test(query.get("api-version") ?? "");
  }

  #answer(request: TuningRequest, file: Content | undefined, isDated: boolean): Answer {
    try {
      this.#checkKey(request);
      const body = this.#route(request, file, isDated);
      const isMade =
        this.#flavour === "azure" && request.method === "POST" && !request.path.endsWith("/cancel");
      return { status: isMade ? 201 : 200, body };
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, body: this.#errorBody(error) };
      throw error;
    }
  }

  #checkKey({ headers }: TuningRequest): void {
    const { apiKey } = this.#options;
    const isAzure = this.#flavour === "azure";
    if (headers.authorization === `Bearer ${apiKey}` || (isAzure && headers["api-key"] === apiKey)) return;
    throw isAzure
      ? new Refusal(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
      : new Refusal(401, "invalid_api_key", "Incorrect API key provided.");
  }

  #errorBody({ code, message, param }: Refusal): unknown {
    if (this.#flavour === "azure") return { error: { code, message } };
    return { error: { message, type: "invalid_request_error", param, code } };
  }

  #route(request: TuningRequest, file: Content | undefined, isDated: boolean): unknown {
    const { method, path, query, body } = request;
    const [, room, id = "", rest = ""] =
      /^\/(files|fine_tuning\/jobs)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(path) ?? [];
    const state = this.#state;
    switch (`${method} ${room}${id && " id"}${rest && ` ${rest}`}`) {
      case "POST files":
        return this.#upload(body, file);
      case "GET files":
        return this.#listFiles(query, isDated);
      case "GET files id":
        return fileObject(state.file(id));
      case "GET files id content":
        return state.file(id).content;
      case "DELETE files id":
        state.deleteFile(id);
        return { id, object: "file", deleted: true };
      case "POST fine_tuning/jobs":
        return this.#jobObject(state.createJob(body, isDated));
      case "GET fine_tuning/jobs":
        return this.#listJobs(query);
      case "GET fine_tuning/jobs id":
        if (this.#options.auto) state.advance(state.job(id));
        return this.#jobObject(state.job(id));
      case "POST fine_tuning/jobs id cancel":
        return this.#jobObject(state.cancel(id));
      case "GET fine_tuning/jobs id events":
        return { object: "list", ...this.#page(state.job(id).events.toReversed(), query, 20) };
      case "GET fine_tuning/jobs id checkpoints":
        return this.#listCheckpoints(state.job(id), query, isDated);
      default:
        throw this.#flavour === "azure"
          ? new Refusal(404, "404", "Resource not found")
          : new Refusal(404, null, `Invalid URL (${method} ${path})`);
    }
  }

  #upload(body: unknown, file: Content | undefined): unknown {
    const { purpose } = z.object({ purpose: z.string() }).parse(body);
    if (file === undefined || purpose !== "fine-tune") {
      const code = this.#flavour === "azure" ? "invalidPayload" : "invalid_value";
      throw new Refusal(400, code, "'file' and 'purpose' are required", "file");
    }
    return fileObject(this.#state.addFile(file.name, purpose, file.text));
  }

  #listFiles(query: URLSearchParams, isDated: boolean): unknown {
    const purpose = query.get("purpose");
    const files = this.#state.files.filter((file) => purpose === null || file.purpose === purpose);
    // Azure's dated versions list all of them at once.
    if (isDated) return { object: "list", data: files.map(fileObject) };
    const ordered = query.get("order") === "asc" ? files : files.toReversed();
    const { data, has_more } = this.#page(ordered.map(fileObject), query, 10_000);
    return { object: "list", data, has_more, first_id: data[0]?.id ?? "", last_id: data.at(-1)?.id ?? "" };
  }

  #listJobs(query: URLSearchParams): unknown {
    const wanted = [...query].flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
      return key === undefined ? [] : [{ key, value }];
    });
    const jobs = this.#state.jobs.filter(({ request }) =>
      wanted.every(({ key, value }) => request.metadata?.[key] === value),
    );
    return {
      object: "list",
      ...this.#page(
        jobs.toReversed().map((job) => this.#jobObject(job)),
        query,
        20,
      ),
    };
  }

  #listCheckpoints(job: StoredJob, query: URLSearchParams, isDated: boolean): unknown {
    const { data, has_more } = this.#page(job.checkpoints, query, 10);
    if (isDated) return { object: "list", data, has_more };
    return {
      object: "list",
      data,
      has_more,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    };
  }

  #page<T extends { readonly id: string }>(items: readonly T[], query: URLSearchParams, usual: number) {
    const after = query.get("after");
    const from = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0) {
      const code = this.#flavour === "azure" ? "notFound" : null;
      throw new Refusal(404, code, `No such object: ${after}`, "after");
    }
    const to = from + Math.min(Number(query.get("limit") ?? usual), this.#options.pageSize);
    return { data: items.slice(from, to), has_more: to < items.length };
  }

  #jobObject(job: StoredJob) {
    const { request, status, finished_at, fine_tuned_model, error } = job;
    const { training_file, validation_file, model } = request;
    const hyperparameters = {
      n_epochs: "auto" as const,
      batch_size: "auto" as const,
      learning_rate_multiplier: "auto" as const,
      ...request.hyperparameters,
      ...request.method?.supervised?.hyperparameters,
    };
    const shared = {
      object: "fine_tuning.job",
      id: job.id,
      created_at: job.created_at,
      model,
      status,
      training_file,
    };
    const estimated_finish = status === "running" ? job.created_at + 600 : null;
    const trained_tokens = status === "succeeded" ? 5768 : null;
    if (this.#flavour === "azure") {
      // It leaves out what it has not got.
      const { metadata } = request;
      const all = {
        validation_file,
        finished_at,
        fine_tuned_model,
        error,
        estimated_finish,
        trained_tokens,
        metadata,
      };
      const known = Object.entries(all).filter(([, value]) => value !== null && value !== undefined);
      return { ...shared, ...Object.fromEntries(known) };
    }
    return {
      ...shared,
      organization_id: "org-double",
      result_files: [],
      seed: request.seed ?? 0,
      validation_file: validation_file ?? null,
      finished_at,
      fine_tuned_model,
      error,
      estimated_finish,
      trained_tokens,
      hyperparameters,
      method: { type: "supervised", supervised: { hyperparameters } },
      metadata: request.metadata ?? null,
    };
  }
}

/** As it came: what reads a file as text takes the byte-order mark away. */
function withMark(bytes: ArrayBuffer): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

interface Content {
  readonly name: string;
  readonly text: string;
}

function fileObject({ id, filename, purpose, created_at, bytes, status, status_details }: StoredFile) {
  return {
    object: "file",
    id,
    filename,
    purpose,
    created_at,
    bytes,
    status,
    ...(status === "error" && { status_details }),
  };
}
