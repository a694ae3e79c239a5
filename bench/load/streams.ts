import { loadTarget, send } from "./client.ts";

// `node bench/load/streams.ts TARGET STREAMS`: holds so many streams open at a time, each to its end.
const [target = "", streams = ""] = process.argv.slice(2);
const parsed = loadTarget.parse(JSON.parse(target));
await Promise.all(Array.from({ length: Number(streams) }, () => send(parsed, "We")));
