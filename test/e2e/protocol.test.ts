// The protocol cases of test/e2e/protocol pass on this kernel, every one of them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasJupyter, projectRoot, python, registerKernel, type Registered } from "./environment.js";

interface Outcome {
  readonly title: string;
  readonly state: "passed" | "failed" | "not applicable";
  readonly reason?: string;
}

const battery = join(projectRoot, "test/e2e/protocol/battery.py");
const rooms = ["output", "results", "stop", "errors", "protocol", "language", "completion", "life cycle"];
const beside = ["arquero", "@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-core", "h5wasm", "@types/node"];

describe.skipIf(!hasJupyter)("protocol", () => {
  let registered: Registered;
  beforeAll(async () => {
    registered = await registerKernel();
  });
  afterAll(() => registered.remove());

  test.each(rooms)("%s", async (room) => {
    const json = join(registered.env.JUPYTER_PATH!, "outcome.json");
    const links = beside.flatMap((name) => ["--link", `${name}=${join(projectRoot, "node_modules", name)}`]);
    const run = python(registered, [battery, "--kernel", "dmpo", "--only", `${room}: `, "--json", json, ...links]);
    // Exit code 1 means that cases failed; which, the file says.
    await run.catch((error: { code?: unknown }) => {
      if (error.code !== 1) throw error;
    });
    const { cases } = JSON.parse(await readFile(json, "utf8")) as { cases: Outcome[] };
    expect(cases.length).toBeGreaterThan(5);
    expect(cases.filter(({ state }) => state !== "passed")).toEqual([]);
  });
});
