import { encoding } from "./rows/encoding.ts";
import { faultSuite } from "./suite.ts";

faultSuite(encoding);
