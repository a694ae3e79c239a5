import { createHash } from "node:crypto";
import { z } from "zod";
import type { HubRoute } from "./huggingface-hub.ts";

interface StoredFile {
  readonly content: Buffer;
  readonly lfs: boolean;
}

/** A repository as the Hub has it. */
export interface HubRepository {
  readonly private: boolean;
  readonly files: Map<string, StoredFile>;
  /** Titles of the commits, oldest first. */
  readonly commits: string[];
}

/** By type and name, such as `datasets/acme/set` and `models/acme/model`. */
export type HubRepositories = Map<string, HubRepository>;

export interface LargeFiles {
  /** Bytes from which on a file goes to the large file storage; the Hub's is 10 MB. */
  readonly from: number;
  /** Bytes of a part of an upload in many parts; larger files come in such parts. */
  readonly part: number;
}

const creation = z.strictObject({
  name: z.string(),
  organization: z.string(),
  type: z.enum(["dataset", "model"]),
  visibility: z.enum(["public", "private"]),
});
const deletion = z.strictObject({
  name: z.string(),
  organization: z.string(),
  type: z.enum(["dataset", "model"]),
});
const preupload = z.strictObject({
  files: z.array(z.strictObject({ path: z.string(), size: z.int(), sample: z.base64() })),
});
const pathsQuestion = z.strictObject({ paths: z.array(z.string()), expand: z.boolean().optional() });
const batch = z.strictObject({
  operation: z.literal("upload"),
  transfers: z.array(z.string()),
  hash_algo: z.string(),
  ref: z.object({ name: z.string() }),
  objects: z.array(z.strictObject({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int() })),
});
const completion = z.strictObject({
  oid: z.string(),
  parts: z.array(z.strictObject({ partNumber: z.int(), etag: z.string().min(1) })),
});
const operation = z.discriminatedUnion("key", [
  z.object({ key: z.literal("header"), value: z.object({ summary: z.string() }) }),
  z.object({
    key: z.literal("file"),
    value: z.object({ path: z.string(), content: z.string(), encoding: z.literal("base64") }),
  }),
  z.object({
    key: z.literal("lfsFile"),
    value: z.object({ path: z.string(), algo: z.literal("sha256"), oid: z.string(), size: z.int() }),
  }),
]);

/** The part of the Hub that keeps repositories: creating, looking at and committing to them, and the storage of large files. */
export function repositoryRoutes(
  repositories: HubRepositories,
  namespaces: readonly string[],
  large: LargeFiles,
): readonly HubRoute[] {
  const storage = new Map<string, Buffer>();
  const parts = new Map<string, Map<number, Buffer>>();
  const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
  const repository = (kind: string, name: string): HubRepository => {
    const found = repositories.get(`${kind}/${name}`);
    if (found === undefined) throw notFound("RepoNotFound", "Repository not found");
    return found;
  };

  return [
    {
      method: "POST",
      path: /^\/api\/repos\/create$/,
      answer: ({ json, url }) => {
        const { name, organization, type, visibility } = creation.parse(json);
        if (!namespaces.includes(organization))
          return {
            status: 403,
            body: {
              error: `You don't have the rights to create a ${type} under the namespace "${organization}"`,
            },
          };
        const key = `${type}s/${organization}/${name}`;
        const address = `${url}/${key.replace("models/", "")}`;
        if (repositories.has(key))
          return { status: 409, body: { error: `You already created this ${type} repo`, url: address } };
        repositories.set(key, { private: visibility === "private", files: new Map(), commits: [] });
        return { body: { url: address, name: `${organization}/${name}`, id: "6871a7b0c0ffee0000000001" } };
      },
    },
    {
      method: "DELETE",
      path: /^\/api\/repos\/delete$/,
      answer: ({ json }) => {
        const { name, organization, type } = deletion.parse(json);
        repository(`${type}s`, `${organization}/${name}`);
        repositories.delete(`${type}s/${organization}/${name}`);
        return { body: {} };
      },
    },
    {
      method: "GET",
      path: /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/revision\/HEAD$/,
      answer: ({ params: [kind = "", name = ""] }) => ({
        body: {
          _id: "6871a7b0c0ffee0000000001",
          id: name,
          private: repository(kind, name).private,
          downloads: 0,
          likes: 0,
          gated: false,
          lastModified: "2026-11-01T00:00:00.000Z",
        },
      }),
    },
    {
      method: "POST",
      path: /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/paths-info\/main$/,
      answer: ({ json, params: [kind = "", name = ""] }) => {
        const { files } = repository(kind, name);
        const entries = pathsQuestion.parse(json).paths.flatMap((path) => {
          const file = files.get(path);
          if (file === undefined) return [];
          const size = file.content.length;
          const blob = createHash("sha1").update(`blob ${size}\0`).update(file.content).digest("hex");
          const lfs = { oid: sha256(file.content), size, pointerSize: 134 };
          return [{ type: "file", path, oid: blob, size, ...(file.lfs && { lfs }) }];
        });
        return { body: entries };
      },
    },
    {
      method: "POST",
      path: /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/preupload\/main$/,
      answer: ({ json, params: [kind = "", name = ""] }) => {
        repository(kind, name);
        const files = preupload.parse(json).files.map(({ path, size }) => ({
          path,
          uploadMode: size > large.from ? "lfs" : "regular",
          shouldIgnore: false,
        }));
        return { body: { files, commitOid: "0".repeat(40) } };
      },
    },
    {
      method: "POST",
      path: /^\/(datasets)\/([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/,
      answer: ({ json, url, params: [kind = "", name = ""] }) => {
        repository(kind, name);
        const { objects, transfers } = batch.parse(json);
        const many = objects.some(({ size }) => size > large.part);
        const transfer = many && transfers.includes("multipart") ? "multipart" : "basic";
        return {
          body: {
            transfer,
            objects: objects.map(({ oid, size }) => {
              if (storage.has(oid)) return { oid, size };
              if (size <= large.part)
                return { oid, size, actions: { upload: { href: `${url}/storage/${oid}` } } };
              const numbers = Array.from({ length: Math.ceil(size / large.part) }, (_, at) => at + 1);
              const header = {
                chunk_size: String(large.part),
                ...Object.fromEntries(
                  numbers.map((at) => [String(at).padStart(5, "0"), `${url}/storage/${oid}/${at}`]),
                ),
              };
              return { oid, size, actions: { upload: { href: `${url}/storage/${oid}/complete`, header } } };
            }),
          },
        };
      },
    },
    {
      // As at a storage's presigned address: whoever has it may put.
      method: "PUT",
      path: /^\/storage\/([0-9a-f]{64})(?:\/(\d+))?$/,
      open: true,
      answer: ({ bytes, params: [oid = "", part] }) => {
        if (part !== undefined) {
          const known = parts.get(oid) ?? new Map<number, Buffer>();
          parts.set(oid, known.set(Number(part), bytes));
          return { headers: { etag: `"part-${part}"` } };
        }
        if (sha256(bytes) !== oid) return { status: 400, body: { error: "checksum mismatch" } };
        storage.set(oid, bytes);
        return {};
      },
    },
    {
      method: "POST",
      path: /^\/storage\/([0-9a-f]{64})\/complete$/,
      open: true,
      answer: ({ json, params: [oid = ""] }) => {
        const known = parts.get(oid) ?? new Map<number, Buffer>();
        const content = Buffer.concat(
          completion.parse(json).parts.map(({ partNumber }) => known.get(partNumber) ?? Buffer.alloc(0)),
        );
        if (sha256(content) !== oid) return { status: 400, body: { error: "checksum mismatch" } };
        storage.set(oid, content);
        return { body: { success: true } };
      },
    },
    {
      method: "POST",
      path: /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/commit\/main$/,
      answer: ({ bytes, headers, url, params: [kind = "", name = ""] }) => {
        const { files, commits } = repository(kind, name);
        if (headers["content-type"] !== "application/x-ndjson")
          return { status: 415, body: { error: "expected application/x-ndjson" } };
        for (const line of bytes.toString("utf8").split("\n")) {
          const { key, value } = operation.parse(JSON.parse(line));
          switch (key) {
            case "header":
              commits.push(value.summary);
              break;
            case "file":
              files.set(value.path, { content: Buffer.from(value.content, "base64"), lfs: false });
              break;
            case "lfsFile": {
              const content = storage.get(value.oid);
              if (content?.length !== value.size)
                return { status: 400, body: { error: `LFS pointer pointed to a file that does not exist` } };
              files.set(value.path, { content, lfs: true });
            }
          }
        }
        return {
          body: {
            success: true,
            commitOid: "1".repeat(40),
            commitUrl: `${url}/${kind}/${name}/commit/1`,
            hookOutput: "",
          },
        };
      },
    },
  ];
}

/** An answer with an error, thrown from within. */
export class HubError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export function notFound(code: string, message: string): HubError {
  return new HubError(404, message, { "x-error-code": code });
}
