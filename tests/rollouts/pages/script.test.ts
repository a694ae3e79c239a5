import { expect, test } from "vitest";
import { rolloutsPage } from "../../../src/rollouts/pages/rollouts-page.ts";

const SCRIPT = /<script>([\s\S]*)<\/script>/.exec(rolloutsPage([]))?.[1] ?? "";

/** A part of a page, as far as the script looks at one. */
class Part {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  stale = false;
  constructor(id: string, name: string, state = "") {
    this.id = id;
    this.name = name;
    this.state = state;
  }
}

/** What the script did. */
interface Seen {
  /** Arguments of `fetch`, questions, and addresses that the page was led to. */
  readonly sent: unknown[][];
  readonly asked: string[];
  readonly led: string[];
  told: string;
}

/** A page in a browser with the parts given; `fresh` is what the gateway answers with by now. */
function opened(
  parts: readonly Part[],
  fresh: readonly Part[] | undefined,
  { typing = false, reading = false, agrees = true, refusal = "" } = {},
) {
  const shown = new Map(parts.map((part) => [part.id, part]));
  const seen: Seen = { sent: [], asked: [], led: [], told: "" };
  const told = {
    scrollIntoView: () => {},
    set textContent(text: string) {
      seen.told = text;
    },
  };
  const elementOf = (part: Part) => ({
    id: part.id,
    getAttribute: () => part.state,
    setAttribute: () => {
      part.stale = true;
    },
    contains: () => typing,
    replaceWith: (other: { readonly part: Part }) => shown.set(part.id, other.part),
  });
  const element = (id: string) => {
    const part = shown.get(id);
    return id === "told" ? told : part === undefined ? null : elementOf(part);
  };
  const listeners = new Map<string, (event: object) => Promise<void>>();
  let look = (): Promise<void> => Promise.resolve();
  const run = new Function(
    ...[
      "document",
      "addEventListener",
      "fetch",
      "confirm",
      "location",
      "FormData",
      "DOMParser",
      "setInterval",
    ],
    SCRIPT,
  );
  run(
    {
      getElementById: element,
      querySelector: () => (reading ? {} : null),
      querySelectorAll: () => [...shown.values()].filter(({ id }) => id !== "actions").map(elementOf),
      activeElement: null,
    },
    (name: string, listener: (event: object) => Promise<void>) => listeners.set(name, listener),
    async (path: string, init?: RequestInit) => {
      if (init === undefined) return new Response("", { status: fresh === undefined ? 503 : 200 });
      seen.sent.push([init.method, path, init.body]);
      return refusal === ""
        ? Response.json({})
        : Response.json({ error: { message: refusal } }, { status: 409 });
    },
    (question: string) => {
      seen.asked.push(question);
      return agrees;
    },
    { href: "here", reload: () => seen.led.push("again") },
    class {
      readonly #form: { readonly values: Readonly<Record<string, string>> };
      constructor(form: { readonly values: Readonly<Record<string, string>> }) {
        this.#form = form;
      }
      *[Symbol.iterator]() {
        yield* Object.entries(this.#form.values);
      }
    },
    class {
      parseFromString() {
        return {
          getElementById: (id: string) => {
            const part = fresh?.find((one) => one.id === id);
            return part === undefined ? null : { part, getAttribute: () => part.state };
          },
        };
      }
    },
    (again: () => Promise<void>) => {
      look = again;
    },
  );
  const submit = async (
    values: Readonly<Record<string, string>>,
    button: Readonly<Record<string, string>>,
    form: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    const attributes = (of: Readonly<Record<string, string>>) => ({
      ...of,
      getAttribute: (name: string) => of[name.replace("data-", "")] ?? null,
    });
    const target = {
      ...attributes({ act: "change", rollout: "../api/rollouts/move", ...form }),
      values,
      querySelectorAll: () => [],
      closest: () => null,
      after: () => {},
    };
    await listeners.get("submit")?.({ target, submitter: attributes(button), preventDefault: () => {} });
  };
  return {
    seen,
    submit,
    look: () => look(),
    names: () => [...shown.values()].map(({ name }) => name),
    shown,
  };
}

test("a button asks, sends its action with the reason, and shows what came of it", async () => {
  const { seen, submit } = opened([], []);
  await submit({ reason: "lunch" }, { value: "pause", confirm: "Hold it?" });
  await submit({ reason: " " }, { value: "promote", confirm: "Send all?" });
  await submit({ reason: "", percent: "12.5" }, { confirm: "Set it?" }, { action: "set-weight" });
  expect(seen.asked).toEqual(["Hold it?", "Send all?", "Set it?"]);
  expect(seen.sent).toEqual([
    ["POST", "../api/rollouts/move/pause", '{"reason":"lunch"}'],
    ["POST", "../api/rollouts/move/promote", "{}"],
    ["POST", "../api/rollouts/move/set-weight", '{"percent":12.5}'],
  ]);
  expect(seen.led).toEqual(["again", "again", "again"]);
});

test("nothing is sent without a yes, and a refusal is told", async () => {
  const no = opened([], [], { agrees: false });
  await no.submit({ reason: "" }, { value: "rollback", confirm: "Send all?" });
  expect([no.seen.sent, no.seen.led]).toEqual([[], []]);
  const refused = opened([], [], { refusal: "It is promoted." });
  await refused.submit({ reason: "" }, { value: "pause", confirm: "Hold it?" });
  expect([refused.seen.told, refused.seen.led]).toEqual(["It is promoted.", []]);
});

const OLD = [new Part("now", "old"), new Part("actions", "old actions", "running")];

test("a page looks again by itself, and leaves the form to who types while its state is the same", async () => {
  const same = [new Part("now", "new"), new Part("actions", "new actions", "running")];
  const { look, names } = opened(OLD, same);
  await look();
  expect(names()).toEqual(["new", "old actions"]);
});

test("other buttons come with another state, unless somebody is at them", async () => {
  const other = [new Part("now", "new"), new Part("actions", "new actions", "paused")];
  for (const typing of [true, false]) {
    const { look, names } = opened(OLD, other, { typing });
    await look();
    expect(names()).toEqual(["new", typing ? "old actions" : "new actions"]);
  }
});

test("what is read is not replaced, and what could not be asked is shown to be old", async () => {
  const reading = opened(OLD, [new Part("now", "new")], { reading: true });
  await reading.look();
  expect(reading.names()).toEqual(["old", "old actions"]);
  const gone = opened([new Part("now", "old")], undefined);
  await gone.look();
  expect(gone.shown.get("now")).toMatchObject({ name: "old", stale: true });
});
