# The networks of the benchmarks in PyTorch, in the layouts of sdk/src/nn (hopper: 566,652 policy parameters).
import math

import torch
from torch import nn

HORIZON, ACTION, OBSERVATION = 4, 3, 11
CHUNK = HORIZON * ACTION


class Sinusoids(nn.Module):
    def __init__(self, width):
        super().__init__()
        half = width // 2
        self.register_buffer("frequencies", torch.exp(torch.arange(half) * (-math.log(10000) / (half - 1))))

    def forward(self, time):
        angle = time[:, None] * self.frequencies
        return torch.cat([angle.sin(), angle.cos()], -1)


def time_embedding(width=16):
    return nn.Sequential(Sinusoids(width), nn.Linear(width, 2 * width), nn.Mish(), nn.Linear(2 * width, width))


def mlp(widths, activation):
    layers = []
    for inputs, outputs in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class ResidualMlp(nn.Module):
    """One pre-activation block between an input and an output map."""

    def __init__(self, inputs, width, outputs):
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.l1, self.l2 = nn.Linear(width, width), nn.Linear(width, width)
        self.last = nn.Linear(width, outputs)
        self.activation = nn.Mish()

    def forward(self, x):
        x = self.first(x)
        return self.last(x + self.l2(self.activation(self.l1(self.activation(x)))))


class Policy(nn.Module):
    """Average velocity u(x, t, r | state) of an action chunk."""

    def __init__(self):
        super().__init__()
        self.time, self.end = time_embedding(), time_embedding()
        self.encoder = mlp([OBSERVATION, 64, 16], nn.Mish)
        self.head = ResidualMlp(CHUNK + 16 + 16 + 16, 512, CHUNK)

    def encode(self, state):
        return self.encoder(state.flatten(1))

    def forward(self, x, t, r, condition):
        features = torch.cat([x.flatten(1), self.time(t), self.end(r), condition], -1)
        return self.head(features).view_as(x)


class NoiseNet(nn.Module):
    """Logarithm of the standard deviation of each action entry, mapped by tanh into a range."""

    def __init__(self, low=0.05, high=0.5):
        super().__init__()
        self.time = time_embedding()
        self.head = mlp([CHUNK + 16 + 16, 256, 256, 256, CHUNK], nn.Tanh)
        self.low, self.high = math.log(low), math.log(high)

    def forward(self, x, t, condition):
        unit = self.head(torch.cat([x.flatten(1), condition, self.time(t)], -1)).tanh()
        return (unit * (self.high - self.low) / 2 + (self.high + self.low) / 2).view_as(x)


def critic():
    return ResidualMlp(OBSERVATION, 256, 1)


def parameter_count(module):
    return sum(parameter.numel() for parameter in module.parameters())
