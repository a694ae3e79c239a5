import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectNode, runCommand, startCommand, startServing } from "../cli/command.ts";
import { until } from "../support/until.ts";
import { KEY, openaiWorld, start } from "./world.ts";

describe("nothing is paid twice", () => {
  test("when the command is killed in the middle of an upload whose answer was lost, and a gateway goes on", async () => {
    const { double, world } = await openaiWorld();
    double.fault({ on: /^POST \/files$/, done: true, answer: "lost" });
    const command = startCommand(projectNode, world.start);
    await until(() => double.state.files.length === 1, 30_000);
    await command.stop(); // with SIGKILL
    const [job] = await world.jobs();
    const again = await start(world);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(`job ${job?.id} does the same`) });
    await startServing(projectNode, world.config, { CROSSOVER_DATA_DIR: world.data });
    const done = await until(async () => {
      const [found] = await world.jobs();
      return found?.state === "succeeded" || found?.state === "failed" ? found : undefined;
    }, 90_000);
    expect(done).toMatchObject({
      id: job?.id,
      state: "succeeded",
      evaluation: { control: { exact: 0 }, candidate: { exact: 1 } },
    });
    expect(double.state.files.map(({ filename }) => filename)).toEqual([
      `crossover-${job?.id}-train.jsonl`,
      `crossover-${job?.id}-validation.jsonl`,
    ]);
    expect(double.state.jobs).toHaveLength(1);
    expect(world.filesWith(KEY)).toEqual([]);
  }, 150_000);

  test("when two commands and two requests ask for the same at once", async () => {
    const { double, world } = await openaiWorld();
    const { url } = await startServing(projectNode, world.config, { CROSSOVER_DATA_DIR: world.data });
    const dataset = { training: readFileSync(join(world.config, "../set/train.jsonl"), "utf8") };
    const post = async () => {
      const answer = await fetch(`${url.replace(/\/v1$/, "")}/admin/api/tuning-jobs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ route: "ask", dataset }),
      });
      return answer.status;
    };
    const command = async () => {
      const args = world.start.with(
        world.start.indexOf("--dataset") + 1,
        join(world.config, "../set/train.jsonl"),
      );
      return (await runCommand(projectNode, args)).code;
    };
    const [first, second, third, fourth] = await Promise.all([post(), post(), command(), command()]);
    const begun = [first === 201, second === 201, third === 0, fourth === 0].filter(Boolean);
    expect(begun).toHaveLength(1);
    await until(() => double.state.jobs.length > 0, 30_000);
    expect([double.state.jobs.length, double.state.files.length]).toEqual([1, 1]);
  }, 60_000);
});
