# One PPO minibatch, K = 1: summed log-probabilities of chains, clipped surrogate, value loss, clipping, AdamW of both networks.
import math

import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, NoiseNet, Policy, critic, parameter_count
from torch import nn

options = arguments(batch=50_000, repeats=3)
size = options.batch
policy, noise_net, value_net = Policy(), NoiseNet(), critic()
assert parameter_count(policy) + parameter_count(noise_net) == 713_912 and parameter_count(value_net) == 134_913
actor = nn.ModuleList([policy, noise_net])
actor_optimizer = torch.optim.AdamW(actor.parameters(), lr=4e-5, weight_decay=0)
critic_optimizer = torch.optim.AdamW(value_net.parameters(), lr=1e-3, weight_decay=0)

state = torch.rand(size, 1, OBSERVATION) * 2 - 1
start = torch.randn(size, HORIZON, ACTION)
one, zero = torch.ones(size), torch.zeros(size)
returns, advantage = torch.randn(size), torch.randn(size)
advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)


def density():
    """Mean and logarithmic deviation of the action given the initial noise."""
    condition = policy.encode(state)
    mean = (start - policy(start, one, zero, condition)).clamp(-1, 1)
    return mean, noise_net(start, one, condition)


def log_probability(action, mean, log_std):
    z = (action - mean) * torch.exp(-log_std)
    return (-0.5 * z.square() - log_std - 0.5 * math.log(2 * math.pi)).sum((1, 2))


with torch.no_grad():
    mean, log_std = density()
    action = (mean + log_std.exp() * torch.randn_like(mean)).clamp(-1, 1)
    old_log_prob = log_probability(action, mean, log_std)


def update(clip=0.2, entropy_weight=0.0):
    mean, log_std = density()
    log_ratio = log_probability(action, mean, log_std) - old_log_prob
    ratio = log_ratio.exp()
    surrogate = torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    entropy = (log_std + 0.5 * math.log(2 * math.pi) + 0.5).sum((1, 2))
    value = value_net(state.flatten(1)).squeeze(1)
    value_loss = 0.5 * (value - returns).square().mean()
    loss = -surrogate.mean() - entropy_weight * entropy.mean() + 0.5 * value_loss
    with torch.no_grad():
        (ratio - 1 - log_ratio).mean().item()

    actor_optimizer.zero_grad()
    critic_optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(actor.parameters(), 1.0)
    nn.utils.clip_grad_norm_(value_net.parameters(), 25.0)
    actor_optimizer.step()
    critic_optimizer.step()


report(update, options.repeats, warmup=1)
