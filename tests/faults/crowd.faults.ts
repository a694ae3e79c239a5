import { crowd } from "./rows/crowd.ts";
import { scenarioSuite } from "./scenarios.ts";

scenarioSuite(crowd);
