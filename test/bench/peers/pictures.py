# Pictures per second of 96 x 96 that robosuite 1.4.1 draws with MuJoCo's own renderer (MUJOCO_GL=osmesa: in software), the
# simulation moving between them: python pictures.py TASK CAMERA CAMERA
import logging
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import robosuite  # noqa: E402

names = {"lift": "Lift", "can": "PickPlaceCan", "square": "NutAssemblySquare", "transport": "TwoArmTransport"}
task, *cameras = sys.argv[1:]
arms = 2 if task == "transport" else 1
environment = robosuite.make(
    names[task], robots=["Panda"] * arms if arms > 1 else "Panda",
    has_renderer=False, has_offscreen_renderer=True, use_camera_obs=False, ignore_done=True, control_freq=20, hard_reset=False,
    **({"env_configuration": "single-arm-opposed"} if arms > 1 else {}),
)
environment.reset()
best = float("inf")
for k in range(60):
    environment.step(np.full(environment.action_dim, 0.2 * np.sin(k)))
    start = time.perf_counter()
    for camera in cameras:
        environment.sim.render(camera_name=camera, width=96, height=96)
    if k >= 10:
        best = min(best, (time.perf_counter() - start) / len(cameras))
print(f"{1 / best:.1f}")
