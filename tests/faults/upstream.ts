import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { z } from "zod";
import { play, type Script } from "./script.ts";

/** A request as it came. */
export interface Call {
  readonly head: string;
  readonly body: string;
}

/** One port for many faults: a request is answered by the scripts of the model that it names. */
export interface FaultUpstream {
  readonly port: number;
  /** The n-th call of a model gets its n-th script, and the last one from then on. */
  script(model: string, scripts: readonly Script[]): void;
  calls(model: string): readonly Call[];
  /** The client has content of this model: what waits for it goes on. */
  seen(model: string): void;
  /** Bytes that left for the connections that a model's requests came by. */
  sent(model: string): number;
  /** Connections that are open, and those of them whose answer is not complete. */
  readonly open: () => number;
  readonly busy: () => number;
  /** Resets every connection, as when the process is killed. */
  kill(): void;
  close(): Promise<void>;
}

interface Entry {
  readonly calls: Call[];
  readonly sockets: Set<Socket>;
  readonly content: PromiseWithResolvers<void>;
}

const named = z.looseObject({ model: z.string() });

export async function startFaultUpstream(): Promise<FaultUpstream> {
  const scripts = new Map<string, readonly Script[]>();
  const ledger = new Map<string, Entry>();
  const open = new Set<Socket>();
  const busy = new Set<Socket>();

  const entry = (model: string) => {
    const known = ledger.get(model) ?? {
      calls: [],
      sockets: new Set(),
      content: Promise.withResolvers<void>(),
    };
    ledger.set(model, known);
    return known;
  };

  const answerCall = async (call: Call, socket: Socket): Promise<void> => {
    const { model } = named.parse(JSON.parse(call.body));
    const { calls, sockets, content } = entry(model);
    calls.push(call);
    sockets.add(socket);
    busy.add(socket);
    const known = scripts.get(model) ?? [];
    const script = known[calls.length - 1] ?? known.at(-1);
    if (script === undefined) throw new RangeError(`no script for ${model}`);
    if (await play(script, socket, content.promise)) busy.delete(socket);
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      open.delete(socket);
      busy.delete(socket);
    });
    socket.on("end", () => socket.end());
    eachCall(socket, (call) => void answerCall(call, socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: portOf(server.address()),
    script: (model, list) => void scripts.set(model, list),
    calls: (model) => entry(model).calls,
    seen: (model) => entry(model).content.resolve(),
    sent: (model) => [...entry(model).sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    open: () => open.size,
    busy: () => busy.size,
    kill: () => {
      for (const socket of open) socket.resetAndDestroy();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads requests with a content-length, one after the other. */
function eachCall(socket: Socket, onCall: (call: Call) => void): void {
  let held = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    held = Buffer.concat([held, Buffer.from(chunk)]);
    // TLS, of which a plain server understands nothing.
    if (held[0] === 0x16) return void socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
    const end = held.indexOf("\r\n\r\n");
    if (end === -1) return;
    const text = held.subarray(0, end).toString("latin1");
    const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
    if (held.length < end + 4 + length) return;
    const body = held.subarray(end + 4, end + 4 + length).toString("utf8");
    held = held.subarray(end + 4 + length);
    onCall({ head: text, body });
  });
}

export function portOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  return address.port;
}
