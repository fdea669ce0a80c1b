# Steps per second of ten Hoppers in Gymnasium's synchronous vector environment, random actions; prints one JSON line.
import json
import sys
import time

import gymnasium
import numpy

seconds = float(sys.argv[1])
count = 10
environments = gymnasium.make_vec("Hopper-v4", num_envs=count, vectorization_mode="sync")
environments.reset(seed=0)
actions = numpy.random.default_rng(0).uniform(-1, 1, (64, count, 3)).astype(numpy.float32)

for action in actions:
    environments.step(action)
steps = 0
start = time.perf_counter()
while time.perf_counter() - start < seconds:
    environments.step(actions[steps % 64])
    steps += 1
print(json.dumps({"rate": steps * count / (time.perf_counter() - start)}))
