// Configurations whose parts are not written yet are refused when they are to run, not before.
import { afterEach, expect, test, vi } from "vitest";
import { resolveConfig } from "../../../sdk/src/config/run/experiment.js";
import { missingParts } from "../../../sdk/src/config/schema/missing-parts.js";

vi.mock(import("../../../sdk/src/config/schema/missing-parts.js"), () => ({ missingParts: vi.fn() }));
afterEach(() => vi.mocked(missingParts).mockReset());

test("every missing part is named", () => {
  vi.mocked(missingParts).mockReturnValue(["policy Oracle", "environment moon"]);
  const resolved = resolveConfig("cfg/gym/pretrain/hopper-medium-v2", "pre_meanflow_mlp", ["name=x"], {
    environment: {},
  });
  expect(resolved.missing).toEqual(["policy Oracle", "environment moon"]);
  expect(resolved.experiment).toThrow(
    expect.objectContaining({
      code: "DMPO_CONFIG_WAITS",
      message:
        "x: needs policy Oracle, environment moon, not part of this version\n  expected a configuration whose parts exist",
    }),
  );
});
