import { client } from "./rows/client.ts";
import { faultSuite } from "./suite.ts";

faultSuite(client);
