import { framing } from "./rows/framing.ts";
import { faultSuite } from "./suite.ts";

faultSuite(framing);
