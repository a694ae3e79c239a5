import { join } from "node:path";
import { z } from "zod";
import { type Child, startChild } from "../platforms/child.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/gateway.ts";

const root = join(import.meta.dirname, "../..");
export const SPEC_FILE = join(root, "tests/fixtures/openai-spec/openai-gateway-subset.json");

/** Tries with another port when somebody took the one that was free. */
const TRIES = 5;

const reportSchema = z.object({
  type: z.literal("request"),
  request: z.object({ method: z.string(), pathPattern: z.string() }),
  response: z.object({ status: z.int() }),
  diagnostics: z.array(z.object({ severity: z.string(), requestPath: z.string(), message: z.string() })),
});

/** What the mock says of a request: its answer's status, and where the request is not as the spec wants it. */
export type Report = z.infer<typeof reportSchema>;

/** A server that answers by OpenAI's specification and checks every request by it. */
export interface SpecMock {
  readonly url: string;
  /** The report on the next request that has not been read yet. */
  nextReport(): Promise<Report>;
  /** Forgets what was not read. */
  forget(): void;
  stop(): Promise<void>;
}

export async function startSpecMock(): Promise<SpecMock> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const child = startChild(
      join(root, "node_modules/.bin/steady"),
      [
        ...["--host", "127.0.0.1", "--port", String(port), "--log-format=json"],
        ...["--stream-count=3", "--stream-interval=0", SPEC_FILE],
      ],
      { cwd: root },
    );
    // It writes this line once it listens, and ends where the port is taken.
    const settled = (): boolean => child.hasEnded() || child.stdout().includes('{"type":"startup"');
    await until(settled, 30_000).catch(async (error: unknown) => {
      await child.stop();
      throw error;
    });
    if (!child.hasEnded()) return mockOf(child, `http://127.0.0.1:${port}`);
    if (tries === TRIES) throw new Error(`the mock does not start: ${child.stderr()}`);
  }
}

function mockOf(child: Child, url: string): SpecMock {
  let read = 0;
  return {
    url,
    nextReport: async () => {
      const report = await until(() => reportsIn(child.stdout())[read]);
      read++;
      return report;
    },
    forget: () => {
      read = reportsIn(child.stdout()).length;
    },
    stop: () => child.stop(),
  };
}

function reportsIn(log: string): readonly Report[] {
  const whole = log.slice(0, log.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line.startsWith('{"type":"request"'))
    .map((line) => reportSchema.parse(JSON.parse(line)));
}
