import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** One connection to each server, kept: a new one would wait behind those of the clients. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

export async function ask(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, { agent }, (response) => {
    response.setEncoding("utf8");
    let text = "";
    response.on("data", (part: string) => {
      text += part;
    });
    response.once("end", () => resolve(text));
    response.once("error", reject);
  })
    .once("error", reject)
    .end();
  return promise;
}

/** Waits until a condition holds. @returns whether it did in this time */
export async function holdsWithin(ms: number, condition: () => Promise<boolean>): Promise<boolean> {
  const until = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > until) return false;
    await delay(100);
  }
  return true;
}
