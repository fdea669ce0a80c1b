# One-step action chunks for a batch of observations, noise drawn beforehand.
import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, Policy

options = arguments(batch=1, repeats=2000)
policy = Policy().eval()
state = torch.rand(options.batch, 1, OBSERVATION) * 2 - 1
noise = torch.randn(options.batch, HORIZON, ACTION)
one, zero = torch.ones(options.batch), torch.zeros(options.batch)


@torch.inference_mode()
def act():
    return (noise - policy(noise, one, zero, policy.encode(state))).clamp(-1, 1).numpy()


report(act, options.repeats, warmup=200)
