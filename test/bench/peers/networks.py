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


class Head(nn.Module):
    """A residual head on [action, further features], for flows, diffusion and distributions."""

    def __init__(self, features, outputs=CHUNK, width=512, activation=nn.ReLU, chunk=CHUNK):
        super().__init__()
        self.body = ResidualMlp(chunk + features, width, outputs)
        self.body.activation = activation()

    def forward(self, *columns):
        return self.body(torch.cat([column.flatten(1) for column in columns], -1))


class ConvolutionBlock(nn.Module):
    def __init__(self, inputs, outputs, groups=8):
        super().__init__()
        self.block = nn.Sequential(nn.Conv1d(inputs, outputs, 5, padding=2), nn.GroupNorm(groups, outputs), nn.Mish())

    def forward(self, x):
        return self.block(x)


class ResidualBlock(nn.Module):
    """Two convolutions, scaled and shifted in between by what the features say."""

    def __init__(self, inputs, outputs, features):
        super().__init__()
        self.first, self.second = ConvolutionBlock(inputs, outputs), ConvolutionBlock(outputs, outputs)
        layers = [nn.Linear(features, 2 * outputs), nn.Mish(), nn.Linear(2 * outputs, 2 * outputs), nn.Mish()]
        self.condition = nn.Sequential(*layers, nn.Linear(2 * outputs, 2 * outputs))
        self.residual = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, features):
        scale, shift = self.condition(features)[:, :, None].chunk(2, 1)
        return self.second(scale * self.first(x) + shift) + self.residual(x)


class Unet(nn.Module):
    """Noise of an action chunk (B, Ta, Da) by convolutions along its time; sizes of furniture's one_leg_low, 6,856,346 parameters."""

    def __init__(self, actions=10, observations=58, channels=(64, 128, 256), embedding=16):
        super().__init__()
        inner = 4 * embedding
        self.time = nn.Sequential(
            Sinusoids(embedding), nn.Linear(embedding, inner), nn.Mish(), nn.Linear(inner, embedding)
        )
        features = embedding + observations
        block = lambda inputs, outputs: ResidualBlock(inputs, outputs, features)
        inputs = (actions, *channels[:-1])
        self.down = nn.ModuleList(nn.ModuleList([block(a, b), block(b, b)]) for a, b in zip(inputs, channels))
        self.halve = nn.ModuleList(nn.Conv1d(width, width, 3, 2, 1) for width in channels[:-1])
        self.middle = nn.ModuleList([block(channels[-1], channels[-1]), block(channels[-1], channels[-1])])
        steps = list(zip(channels[:0:-1], channels[-2::-1]))
        self.up = nn.ModuleList(nn.ModuleList([block(2 * a, b), block(b, b)]) for a, b in steps)
        self.doubling = nn.ModuleList(nn.ConvTranspose1d(b, b, 4, 2, 1) for _, b in steps)
        self.last = nn.Sequential(ConvolutionBlock(channels[0], channels[0]), nn.Conv1d(channels[0], actions, 1))

    def forward(self, x, t, state):
        features = torch.cat([self.time(t), state.flatten(1)], -1)
        x, left = x.transpose(1, 2), []
        for i, (first, second) in enumerate(self.down):
            x = second(first(x, features), features)
            left.append(x)
            if i < len(self.halve):
                x = self.halve[i](x)
        for block in self.middle:
            x = block(x, features)
        for (first, second), double in zip(self.up, self.doubling):
            x = double(second(first(torch.cat([x, left.pop()], 1), features), features))
        return self.last(x).transpose(1, 2)
