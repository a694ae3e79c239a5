import { main } from "./cli/main.ts";

// Who reads no further, such as head, wants no more: that is no error.
process.stdout.on("error", (error) => {
  if (!("code" in error && error.code === "EPIPE")) throw error;
  process.exit(0);
});
const code = await main(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
