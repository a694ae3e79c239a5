import type { ServerResponse } from "node:http";
import { completion, type Received, respondStream, sendJson, startUpstream } from "./upstream.ts";

/** A provider: `api` trains, and models whose name says that they are tuned answer as the rows do. */
export function startProvider(api: string): ReturnType<typeof startUpstream> {
  return startUpstream((received, response) =>
    /\/chat\/completions(\?|$)/.test(received.url)
      ? chat(received, response)
      : forward(api, received, response),
  );
}

function chat(received: Received, response: ServerResponse): void | Promise<void> {
  const { messages, model, stream } = received.body;
  const question = Array.isArray(messages) ? String(messages.at(-1)?.content) : "";
  const isTuned = /^(ft:|crossover-|tgi$)/.test(String(model));
  const answer = isTuned ? question.replace("Question", "Answer").replace("?", ".") : "I do not know.";
  return stream === true
    ? respondStream([answer])(received, response)
    : sendJson(response, completion(answer));
}

async function forward(
  api: string,
  { method, url, headers, text }: Received,
  response: ServerResponse,
): Promise<void> {
  const kept = ["authorization", "api-key", "content-type"].flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  try {
    const body = method === "GET" || method === "DELETE" ? {} : { body: text };
    const answer = await fetch(`${api}${url}`, { method, headers: kept.map(([n, v]) => [n, v]), ...body });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.end(await answer.text());
  } catch {
    response.socket?.destroy(); // the answer was lost there, and is lost here
  }
}
