import { connection } from "./rows/connection.ts";
import { faultSuite } from "./suite.ts";

faultSuite(connection);
