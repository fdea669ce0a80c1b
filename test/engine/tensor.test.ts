// TensorFlow.js as the engine loads it: one bundle of its parts, which shares the engine of any other copy in the process.
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const sdk = fileURLToPath(new URL("../../sdk/", import.meta.url));

test("another copy, as @tensorflow/tfjs-node brings it, shares its engine, without complaints", () => {
  const program = `
    const other = require("@tensorflow/tfjs-core");
    require("@tensorflow/tfjs-backend-cpu");
    const tf = require("./dist/tensorflow.cjs");
    if (tf.engine() !== other.engine()) throw new Error("two engines");
    const slope = tf.grad((x) => x.square())(other.scalar(3));
    console.log(slope.dataSync()[0], slope instanceof other.Tensor);
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: sdk, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toBe("6 true\n");
});

test("importing the SDK and its engine loads neither TensorFlow.js nor other heavy libraries", () => {
  const hook = `
    import { writeSync } from "node:fs";
    export function load(url, context, next) {
      writeSync(1, url + "\\n");
      return next(url, context);
    }`;
  const program = `
    import { createRequire, register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
    await import("dmpo");
    await import("dmpo/engine");
    console.log([...Object.keys(createRequire(import.meta.url).cache), ...process.report.getReport().sharedObjects].join("\\n"));
  `;
  const parameters = ["--input-type=module", "-e", program];
  const loaded = execFileSync(process.execPath, parameters, { cwd: sdk, encoding: "utf8" });
  for (const part of ["index.js", "engine.js"]) expect(loaded).toContain(`sdk/dist/bundle/${part}`);
  const heavy = /tensorflow|protobufjs|jsdom|onnxruntime|canvas|mujoco-js|h5wasm|arquero|plotly|yaml|commander/;
  expect(loaded.split("\n").filter((line) => heavy.test(line.replace(/.*\/sdk\/dist\/(?!tensorflow).*/, "")))).toEqual(
    [],
  );
});
