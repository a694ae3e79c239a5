import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { openFullBacklog } from "../gateway/full-backlog.ts";
import { portOf } from "./upstream.ts";

/** Addresses at which no HTTP can be spoken. */
export const ELSEWHERE = ["refused", "unknown name", "self-signed", "no TLS", "black hole"] as const;
export type Elsewhere = (typeof ELSEWHERE)[number];

export interface Places {
  readonly url: Readonly<Record<Elsewhere, string>>;
  close(): Promise<void>;
}

const pem = readFileSync(join(import.meta.dirname, "../fixtures/self-signed.pem"));

/** @param plainPort a port at which plain HTTP is spoken */
export async function openPlaces(plainPort: number): Promise<Places> {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const closedPort = portOf(closed.address());
  await new Promise((resolve) => closed.close(resolve));
  const tls = createTlsServer({ key: pem, cert: pem }, (socket) => socket.destroy());
  tls.on("tlsClientError", () => {});
  tls.listen(0, "127.0.0.1");
  await once(tls, "listening");
  const blackHole = await openFullBacklog();
  return {
    url: {
      refused: `http://127.0.0.1:${closedPort}`,
      "unknown name": "http://no-such-host.invalid:8000",
      "self-signed": `https://127.0.0.1:${portOf(tls.address())}`,
      "no TLS": `https://127.0.0.1:${plainPort}`,
      "black hole": blackHole.url,
    },
    close: async () => {
      await blackHole.close();
      await new Promise((resolve) => tls.close(resolve));
    },
  };
}
