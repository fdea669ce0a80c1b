# Steps per second of ten Hoppers in Gymnasium's synchronous vector environment, random actions: the median over short
# windows of time, as the JavaScript side measures. Prints one JSON line.
import json
import statistics
import sys
import time

import gymnasium
import numpy

seconds, window = float(sys.argv[1]), float(sys.argv[2])
count = 10
environments = gymnasium.make_vec("Hopper-v4", num_envs=count, vectorization_mode="sync")
environments.reset(seed=0)
actions = numpy.random.default_rng(0).uniform(-1, 1, (64, count, 3)).astype(numpy.float32)

for action in actions:
    environments.step(action)
rates = []
begin = time.perf_counter()
while time.perf_counter() - begin < seconds:
    calls = 0
    start = time.perf_counter()
    while time.perf_counter() - start < window:
        environments.step(actions[calls % 64])
        calls += 1
    rates.append(calls * count / (time.perf_counter() - start))
print(json.dumps({"rate": statistics.median(rates)}))
