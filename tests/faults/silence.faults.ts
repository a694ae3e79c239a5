import { silence } from "./rows/silence.ts";
import { faultSuite } from "./suite.ts";

faultSuite(silence);
