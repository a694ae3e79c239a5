import { expect, test } from "vitest";
import { jobPage } from "../../../src/tuning/pages/job-page.ts";
import { NOW, TRAINING } from "../jobs.ts";

const SCRIPT = /<script>([\s\S]*)<\/script>/.exec(jobPage(TRAINING, NOW))?.[1] ?? "";

interface Button {
  disabled: boolean;
}

/** What the script did. */
interface Seen {
  /** Arguments of `fetch`, questions, and addresses that the page was led to. */
  readonly sent: unknown[][];
  readonly asked: string[];
  readonly led: string[];
  told: string;
}

/** A page of a browser, as far as the script looks at one. */
function opened(answer: () => Promise<Response>, agrees: (question: string) => boolean = () => true) {
  const seen: Seen = { sent: [], asked: [], led: [], told: "" };
  const told = {
    scrollIntoView: () => {},
    set textContent(text: string) {
      seen.told = text;
    },
  };
  const listeners = new Map<string, (event: object) => Promise<void>>();
  const run = new Function(
    "document",
    "addEventListener",
    "fetch",
    "confirm",
    "location",
    "FormData",
    SCRIPT,
  );
  run(
    { getElementById: (id: string) => (id === "told" ? told : null) },
    (name: string, listener: (event: object) => Promise<void>) => listeners.set(name, listener),
    (path: string, { method, body }: RequestInit) => {
      seen.sent.push([method, path, body]);
      return answer();
    },
    (question: string) => {
      seen.asked.push(question);
      return agrees(question);
    },
    { assign: (address: string) => seen.led.push(address), reload: () => seen.led.push("again") },
    class {
      get(): string {
        return "ft:a";
      }
    },
  );
  const submit = async (attributes: Readonly<Record<string, string>>): Promise<Button> => {
    const button: Button = { disabled: false };
    const form = {
      // An input called `dataset`, as the form of a new job has one, stands before the data-* attributes.
      dataset: {},
      getAttribute: (name: string) => attributes[name.replace("data-", "")] ?? null,
      querySelectorAll: () => [button],
      closest: () => null,
      after: () => {},
    };
    await listeners.get("submit")?.({ target: form, preventDefault: () => {} });
    return button;
  };
  return { seen, submit };
}

const REMOVE = { act: "remove", job: "ft_0123", model: "recipes-ft", next: "../tuning-jobs?format=html" };

test("a job is deleted once that is confirmed, and leads to all jobs", async () => {
  const { seen, submit } = opened(async () => Response.json({ deleted: true, left: null }));
  const button = await submit(REMOVE);
  expect(seen.asked).toEqual([expect.stringContaining("Delete the job of recipes-ft")]);
  expect(seen.sent).toEqual([["DELETE", "ft_0123", undefined]]);
  expect(seen.led).toEqual(["../tuning-jobs?format=html"]);
  expect(button.disabled).toBe(true);
});

test("a job that nobody wants gone stays", async () => {
  const { seen, submit } = opened(
    async () => Response.json({}),
    () => false,
  );
  const button = await submit(REMOVE);
  expect([seen.sent, seen.led, button.disabled]).toEqual([[], [], false]);
});

test("what is left at the provider, a refusal and a lost gateway are told, and it can be tried again", async () => {
  const cases: readonly (readonly [() => Promise<Response>, string])[] = [
    [async () => Response.json({ deleted: false, left: "Not deleted: file-1." }), "Not deleted: file-1."],
    [async () => Response.json({ error: { message: "It is open." } }, { status: 409 }), "It is open."],
    [async () => new Response("<html>", { status: 502 }), "The gateway answered 502."],
    [() => Promise.reject(new TypeError("Failed to fetch")), "The gateway can't be reached."],
  ];
  for (const [answer, words] of cases) {
    const { seen, submit } = opened(answer, (question) => !question.includes("all the same"));
    const button = await submit(REMOVE);
    expect(seen.told).toContain(words);
    expect([seen.led, button.disabled]).toEqual([[], false]);
  }
});

test("what can't be deleted elsewhere can be left to a person", async () => {
  const answers = [{ deleted: false, left: "Not deleted: file-1." }, { deleted: true }];
  const { seen, submit } = opened(async () => Response.json(answers.shift()));
  await submit(REMOVE);
  expect(seen.asked[1]).toBe("Not deleted: file-1. Delete what is here all the same?");
  expect(seen.sent[1]).toEqual(["DELETE", "ft_0123?forget=true", undefined]);
  expect(seen.led).toEqual(["../tuning-jobs?format=html"]);
});

test("a job is cancelled, and goes on", async () => {
  const { seen, submit } = opened(async () => Response.json({}));
  await submit({ act: "cancel", job: "ft_0123" });
  await submit({ act: "resume", job: "ft_0123" });
  await submit({ act: "register", job: "ft_0123" });
  expect(seen.sent).toEqual([
    ["POST", "ft_0123/cancel", "{}"],
    ["POST", "ft_0123/resume", "{}"],
    ["POST", "ft_0123/register", '{"address":"ft:a"}'],
  ]);
  expect(seen.led).toEqual(["again", "again", "again"]);
});
