import { bodies } from "./rows/bodies.ts";
import { faultSuite } from "./suite.ts";

faultSuite(bodies);
