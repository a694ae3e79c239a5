import { surroundings } from "./rows/surroundings.ts";
import { scenarioSuite } from "./scenarios.ts";

scenarioSuite(surroundings);
