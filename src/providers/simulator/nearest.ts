import { LRUCache } from "lru-cache";
import { contentText, type SimulatedRequest } from "./answer.ts";
import { type Features, featuresOf, likeness, wordsOf } from "./features.ts";

type Messages = SimulatedRequest["messages"];

interface Shot {
  readonly query: string;
  readonly label: string;
}

const FEWEST_SHOTS = 2;
const LONGEST_LABEL = 64;

/** A prompt's examples come with each request. */
const recent = new LRUCache<string, Features>({ max: 5000 });

/**
 * What a base model makes of examples in its prompt: the answer of the one whose query is most like the last one.
 * @returns undefined unless two pairs at least of a query and a label stand before the query, and JSON is not asked for
 */
export function answerByExamples({
  messages,
  response_format: format,
}: Pick<SimulatedRequest, "messages" | "response_format">): string | undefined {
  if ((format?.type ?? "text") !== "text") return undefined;
  const spoken = messages.filter(({ role }) => role !== "system" && role !== "developer");
  const query = spoken.at(-1);
  const shots = shotsIn(spoken.slice(0, -1));
  if (query?.role !== "user" || shots === undefined || shots.length < FEWEST_SHOTS) return undefined;
  return nearest(contentText(query.content), shots).label;
}

function shotsIn(spoken: Messages): readonly Shot[] | undefined {
  const shots: Shot[] = [];
  for (let at = 0; at < spoken.length; at += 2) {
    const [asked, answered] = [spoken[at], spoken[at + 1]];
    if (asked?.role !== "user" || answered?.role !== "assistant" || !isLabel(answered.content))
      return undefined;
    shots.push({ query: contentText(asked.content), label: answered.content });
  }
  return shots;
}

/** One word, as classes are named. */
function isLabel(content: unknown): content is string {
  return typeof content === "string" && content.length <= LONGEST_LABEL && /^\S+$/.test(content);
}

/**
 * Of equally near ones the first. Words that all queries share are their frame, and tell none from another, unless the
 * last one has no others.
 */
function nearest(query: string, shots: readonly Shot[]): Shot {
  const asked = wordsOf(query);
  const others = shots.map((shot) => ({ shot, words: wordsOf(shot.query) }));
  const frame = sharedBy([asked, ...others.map(({ words }) => words)]);
  const isFramed = asked.some((word) => !frame.has(word));
  const featuresIn = (words: readonly string[]) =>
    rememberedFeatures(isFramed ? words.filter((word) => !frame.has(word)) : words);
  const sought = featuresIn(asked);
  return others
    .map(({ shot, words }) => ({ shot, score: likeness(sought, featuresIn(words)) }))
    .reduce((best, one) => (one.score > best.score ? one : best)).shot;
}

function sharedBy(texts: readonly (readonly string[])[]): ReadonlySet<string> {
  return texts.reduce<ReadonlySet<string>>(
    (shared, words) => (shared.size === 0 ? shared : new Set(words.filter((word) => shared.has(word)))),
    new Set(texts[0]),
  );
}

function rememberedFeatures(words: readonly string[]): Features {
  const text = words.join(" ");
  const features = recent.get(text) ?? featuresOf(words);
  recent.set(text, features);
  return features;
}
