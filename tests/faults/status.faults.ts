import { status } from "./rows/status.ts";
import { faultSuite } from "./suite.ts";

faultSuite(status);
