import { stopping } from "./rows/stopping.ts";
import { scenarioSuite } from "./scenarios.ts";

scenarioSuite(stopping);
