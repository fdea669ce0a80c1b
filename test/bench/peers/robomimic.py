# Steps per second of one task in robosuite 1.4.1: python robomimic.py TASK
import sys
import time

import numpy as np
from arms import arms_of, made

arms = arms_of(sys.argv[1])
controller = dict(
    type="OSC_POSE", input_max=1, input_min=-1, output_max=[0.05] * 3 + [0.5] * 3, output_min=[-0.05] * 3 + [-0.5] * 3,
    kp=150, damping=1, impedance_mode="fixed", kp_limits=[0, 300], damping_limits=[0, 10], position_limits=None,
    orientation_limits=None, uncouple_pos_ori=True, control_delta=True, interpolation=None, ramp_ratio=0.2,
)
environment = made(
    sys.argv[1], controller_configs=controller, has_offscreen_renderer=False, use_object_obs=True, reward_shaping=False
)
sizes = np.array([1.2, 0.7, 0.6, 0.3, 0.25, 0.35])


def action(k):
    parts = [
        np.append(sizes * np.sin(0.23 * k + 0.9 * np.arange(6) + 0.5 * arm), 1 if np.sin(0.13 * k + arm) >= 0 else -1)
        for arm in range(arms)
    ]
    return np.concatenate(parts)


environment.reset()
for k in range(60):
    environment.step(action(k))
best = 0
for _ in range(3):
    start = time.time()
    for k in range(60):
        environment.step(action(k))
    best = max(best, 60 / (time.time() - start))
print(f"{best:.1f}")
