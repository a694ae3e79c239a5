import type { Bench, Target } from "./bench.ts";
import type { Seen } from "./client.ts";

/** A fault of more than one request, or of the gateway's own surroundings. It has a gateway to itself. */
export interface Scenario extends Target {
  /** Are its requests for streams? Default no. */
  readonly stream?: true;
  /** What is special about the gateway's process. Default: nothing. */
  readonly gateway?: "is as ever" | "its clock can jump" | "its log goes to a full disk";
  /** Plays the fault. @returns what each client saw, and further counts by name */
  readonly play: (bench: Bench) => Promise<Played>;
  /** How many clients saw what, in the words of `labelOf`. */
  readonly sees: Readonly<Record<string, number>>;
  /** Values of metrics, as `name{label="value"}`, and of further counts. */
  readonly counted: Readonly<Record<string, number | AtMost>>;
  readonly kept: string;
  /** The process ends with this code. Default: it lives. */
  readonly exits?: number;
}

export interface ScenarioGroup {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}

export interface AtMost {
  readonly atMost: number;
}

export interface Played {
  readonly seen: readonly Seen[];
  readonly counts?: Readonly<Record<string, number>>;
}

/** What a client saw, in a few words. */
export function labelOf({ status, content, error, body }: Seen): string {
  if (status === 0) return "nothing";
  if (error === undefined) return `${status} and all of "${content}"`;
  if (status !== 200) return `${status} \`${String(error.code)}\``;
  const end = body.includes("(broken off)") ? "a connection that broke" : `\`${String(error.code)}\``;
  return `${status} and "${content}", then ${end}`;
}
