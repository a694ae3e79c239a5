import { Agent, request } from "node:http";
import { z } from "zod";

/** What the main process tells a load to send, as JSON in its first argument. */
export const loadTarget = z.object({
  chatUrl: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
export type LoadTarget = z.infer<typeof loadTarget>;

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/**
 * Sends one request.
 * @param mark text at whose arrival `firstMs` is taken
 * @returns milliseconds until the mark and until the end
 * @throws Error unless the answer is a whole 200
 */
export function send(
  { chatUrl, headers, body }: LoadTarget,
  mark: string,
): Promise<{ readonly firstMs: number; readonly totalMs: number }> {
  return new Promise((resolve, reject) => {
    const sentAt = performance.now();
    let firstMs: number | undefined;
    let end = "";
    const outgoing = request(
      chatUrl,
      {
        method: "POST",
        agent,
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          ...headers,
        },
      },
      (response) => {
        response.setEncoding("latin1");
        response.on("data", (text: string) => {
          if (firstMs === undefined && text.includes(mark)) firstMs = performance.now() - sentAt;
          end = text.slice(-20);
        });
        response.on("error", reject);
        response.on("end", () => {
          const totalMs = performance.now() - sentAt;
          if (response.statusCode === 200 && firstMs !== undefined && /\}\s*$|\[DONE\]\s*$/.test(end))
            resolve({ firstMs, totalMs });
          else reject(new Error(`no whole answer: ${response.statusCode} ...${end}`));
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
