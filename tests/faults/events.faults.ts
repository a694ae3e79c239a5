import { events } from "./rows/events.ts";
import { faultSuite } from "./suite.ts";

faultSuite(events);
