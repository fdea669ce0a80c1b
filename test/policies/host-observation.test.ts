// What environments show, as tensors for a policy.
import { expect, test } from "vitest";
import { hostObservation } from "../../sdk/src/policies/host-observation.js";

test("pictures go with the numbers where there are any", () => {
  const state = new Float32Array(6);
  const rgb = new Uint8Array(2 * 12);
  const both = hostObservation({ state, rgb }, { state: [1, 3], rgb: [3, 2, 2] }, 2);
  expect(both).toEqual({
    state: { data: state, shape: [2, 1, 3] },
    rgb: { data: new Uint8ClampedArray(24), shape: [2, 3, 2, 2] },
  });
  expect(both.rgb!.data.buffer).toBe(rgb.buffer);
  expect(hostObservation({ state }, { state: [1, 3] }, 2)).toEqual({ state: { data: state, shape: [2, 1, 3] } });
});
