# One PPO minibatch: log-probabilities, clipped surrogate, value loss, clipping, AdamW of both networks. Of --policy meanflow a sample is a
# chunk made in one step, of diffusion-10 one of the ten denoising steps of a chunk, clipped by its index.
import math

import torch
from measuring import arguments, report
from networks import ACTION, HORIZON, OBSERVATION, Head, NoiseNet, Policy, critic, parameter_count, time_embedding
from torch import nn

options = arguments(policy="meanflow", batch=50_000, repeats=3)
size = options.batch
STEPS = 10


class Diffusion(nn.Module):
    """Mean and logarithmic deviation of one denoising step, epsilon predicted, cosine schedule (Nichol and Dhariwal 2021)."""

    def __init__(self):
        super().__init__()
        self.time, self.head = time_embedding(), Head(16 + OBSERVATION)
        grid = (torch.arange(STEPS + 1) / STEPS + 0.008) / 1.008 * math.pi / 2
        kept = grid.cos() ** 2 / grid[0].cos() ** 2
        beta = (1 - kept[1:] / kept[:-1]).clamp(0, 0.999)
        alphas = (1 - beta).cumprod(0)
        before = torch.cat([torch.ones(1), alphas[:-1]])
        self.alphas, self.deviation = alphas, (beta * (1 - before) / (1 - alphas)).clamp(min=1e-20).sqrt().clamp(min=0.1)
        self.of_start, self.of_x = beta * before.sqrt() / (1 - alphas), (1 - before) * (1 - beta).sqrt() / (1 - alphas)

    def forward(self, x, index):
        column = lambda values: values[index][:, None, None]
        epsilon = self.head(x, self.time(index.float()), state).view_as(x)
        kept = column(self.alphas)
        begin = ((x - (1 - kept).sqrt() * epsilon) / kept.sqrt()).clamp(-1, 1)
        return column(self.of_start) * begin + column(self.of_x) * x, column(self.deviation).log().expand_as(x)


diffuses = options.policy == "diffusion-10"
value_net = critic()
assert parameter_count(value_net) == 134_913
if diffuses:
    actor = Diffusion()
    index = torch.randint(0, STEPS, (size,))
    clips = 0.2 * 0.9 ** index
else:
    policy, noise_net = Policy(), NoiseNet()
    assert parameter_count(policy) + parameter_count(noise_net) == 713_912
    actor, clips = nn.ModuleList([policy, noise_net]), torch.tensor(0.2)
actor_optimizer = torch.optim.AdamW(actor.parameters(), lr=4e-5, weight_decay=0)
critic_optimizer = torch.optim.AdamW(value_net.parameters(), lr=1e-3, weight_decay=0)

state = torch.rand(size, 1, OBSERVATION) * 2 - 1
start = torch.randn(size, HORIZON, ACTION)
one, zero = torch.ones(size), torch.zeros(size)
returns, advantage = torch.randn(size), torch.randn(size)
advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)


def density():
    """Mean and logarithmic deviation of what comes of `start`."""
    if diffuses:
        return actor(start, index)
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


def update(entropy_weight=0.0):
    mean, log_std = density()
    log_ratio = log_probability(action, mean, log_std) - old_log_prob
    ratio = log_ratio.exp()
    surrogate = torch.min(ratio * advantage, ratio.clamp(1 - clips, 1 + clips) * advantage)
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
