# Pictures per second of 96 x 96 that robosuite 1.4.1 draws with MuJoCo's own renderer (MUJOCO_GL=osmesa: in software), the
# simulation moving between them: python pictures.py TASK CAMERA CAMERA
import sys
import time

import numpy as np
from arms import made

task, *cameras = sys.argv[1:]
environment = made(task, has_offscreen_renderer=True)
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
