import type { Server } from "node:http";
import type { Socket } from "node:net";

interface Connection {
  /** Answers that the system has not taken whole. */
  answering: number;
  /** Bytes that had been read when the last answer was out: more have come of a further request. */
  read: number;
}

/**
 * Makes a server that has stopped listening close its connections as they go idle. Node's own notion of idle includes
 * a connection whose answer is ended but still waits for its reader, and would cut it.
 */
export function closeWhatGoesIdle(server: Server): void {
  const connections = new Map<Socket, Connection>();
  server.on("connection", (socket: Socket) => {
    connections.set(socket, { answering: 0, read: 0 });
    socket.on("close", () => connections.delete(socket));
  });
  server.on("request", ({ socket }, outgoing) => {
    const connection = connections.get(socket);
    if (connection === undefined) return;
    connection.answering++;
    outgoing.on("close", () => {
      connection.answering--;
      connection.read = socket.bytesRead;
      if (!server.listening) closeIfIdle(socket, connection);
    });
  });
  server.closeIdleConnections = () => {
    for (const [socket, connection] of connections) closeIfIdle(socket, connection);
  };
}

function closeIfIdle(socket: Socket, { answering, read }: Connection): void {
  if (answering === 0 && socket.bytesRead === read) socket.destroy();
}
