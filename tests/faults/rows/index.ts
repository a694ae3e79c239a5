import type { Group } from "../row.ts";
import type { ScenarioGroup } from "../scenario.ts";
import { bodies } from "./bodies.ts";
import { client } from "./client.ts";
import { connection } from "./connection.ts";
import { crowd } from "./crowd.ts";
import { encoding } from "./encoding.ts";
import { events } from "./events.ts";
import { framing } from "./framing.ts";
import { silence } from "./silence.ts";
import { status } from "./status.ts";
import { stopping } from "./stopping.ts";
import { surroundings } from "./surroundings.ts";

/** Every fault of the suite, in the order of docs/faults.md. `NAME.faults.ts` plays the group of that name. */
export const groups: Readonly<Record<string, Group>> = {
  connection,
  silence,
  status,
  framing,
  bodies,
  encoding,
  events,
  client,
};
export const scenarioGroups: Readonly<Record<string, ScenarioGroup>> = { crowd, stopping, surroundings };
