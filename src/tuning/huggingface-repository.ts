import { createRepo, datasetInfo, deleteRepo, HubApiError, pathsInfo, uploadFile } from "@huggingface/hub";
import type { HuggingFaceAccess } from "../domain/tuning.ts";
import { type Asked, refused, unanswered } from "./huggingface-problem.ts";
import { ProviderProblem } from "./trainer.ts";

const BY_HAND =
  "This account or token can't create the private data set repository that the files go to. Give it write access to the namespace, at " +
  "https://huggingface.co/settings/tokens, and then `crossover tune resume JOB`. Or train by hand: `crossover tune script JOB` prints the " +
  "script, and `uv run` runs it in the job's folder, `tuning/JOB` in the data folder, with a token that may write. Deploy the model that " +
  "it uploads, and then `crossover tune register JOB --address URL`.";

/** The private data set repository of a job, which holds its files and its script. */
export interface Repository {
  /** Such as acme/crossover-tj_1. */
  readonly name: string;
  /**
   * Puts a file there, unless one of its name and size is there already. Creates the repository where there is none.
   * @throws ProviderProblem, also when the repository is public; the signal's reason
   */
  put(path: string, content: () => Promise<Blob>, bytes: number, signal: AbortSignal): Promise<void>;
  /** Deletes it with all its files and versions; one that is gone is well. */
  remove(signal: AbortSignal): Promise<void>;
}

export function openRepository(
  access: Pick<HuggingFaceAccess, "token" | "hubURL">,
  name: string,
): Repository {
  const repo = { type: "dataset", name } as const;
  const { token } = access;
  const common = (signal: AbortSignal) => ({
    accessToken: token,
    hubUrl: access.hubURL,
    fetch: fetchWith(signal),
  });

  async function ensure(signal: AbortSignal): Promise<void> {
    const creation = { token, doing: `create the data set repository ${name}`, byHand: BY_HAND };
    await asking(creation, signal, async () => {
      try {
        await createRepo({ repo, visibility: "private", ...common(signal) });
      } catch (error) {
        if (!isStatus(error, 409)) throw error; // 409: it is there
      }
    });
    const found = await asking({ token, doing: `look at the data set repository ${name}` }, signal, () =>
      datasetInfo({ name, ...common(signal) }),
    );
    if (found.private !== true) throw publicRepository(name);
  }

  return {
    name,
    remove: (signal) =>
      asking({ token, doing: `delete the data set repository ${name}` }, signal, async () => {
        try {
          await deleteRepo({ repo, ...common(signal) });
        } catch (error) {
          if (!isStatus(error, 404)) throw error;
        }
      }),
    put: async (path, content, bytes, signal) => {
      await ensure(signal);
      const there = await asking({ token, doing: `list the files of ${name}` }, signal, () =>
        pathsInfo({ repo, paths: [path], ...common(signal) }),
      );
      if (there.some((file) => file.path === path && file.size === bytes)) return;
      const file = { path, content: await content() };
      await asking({ token, doing: `upload ${path}` }, signal, () =>
        // Without Xet: the older way needs no code for WebAssembly, and any size goes by it.
        uploadFile({ repo, file, commitTitle: `Add ${path}`, useXet: false, ...common(signal) }),
      );
    },
  };
}

function fetchWith(signal: AbortSignal): typeof fetch {
  return (input, init) =>
    fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([signal, init.signal]) : signal });
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof HubApiError && error.statusCode === status;
}

/** Does something with the library, whose errors become problems. */
async function asking<T>(asked: Asked, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HubApiError)
      throw refused(asked, error.statusCode, JSON.stringify(error.data ?? {}));
    throw unanswered(asked, error);
  }
}

function publicRepository(name: string): ProviderProblem {
  return new ProviderProblem({
    message: `The data set repository ${name} is public. What was captured is not uploaded there.`,
    hint: `Make it private or delete it, at https://huggingface.co/datasets/${name}/settings.`,
    raw: "",
    kind: "final",
  });
}
