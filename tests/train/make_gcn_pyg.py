#!/usr/bin/env python3
"""A small graph through PyTorch Geometric's own GCNConv, as JSON on standard output: tests/train/gcn_pyg.json.

The network is src/model/gcn.h's. Its edges are listed here anew, from their definition; their normalisation is
GCNConv's. Numbers are made by a formula, so that every version of every library starts from the same ones."""

import json
import math

import torch
from torch_geometric.nn import GCNConv

CARDS, NODES, INPUTS, LAYERS, WIDTH, NEIGHBOURS, TIME_SCALE = 3, 24, 5, 2, 16, 3, 3600.0
FRAUD_WEIGHT = 4.0


def number(i):
    """The i-th of a row of numbers in -0.5..0.5 that floats hold exactly."""
    return ((i * 7919 + 13) % 1021 - 510) / 1024


def edges(cards, times):
    """From each node to its card's next ones, with their weights."""
    pairs, weights = [], []
    for i, card in enumerate(cards):
        earlier = [j for j in range(i) if cards[j] == card]
        for j in earlier[-NEIGHBOURS:]:
            pairs.append((j, i))
            weights.append(math.exp(-(times[i] - times[j]) / TIME_SCALE))
    return torch.tensor(pairs).t().contiguous(), torch.tensor(weights)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        seen = [INPUTS] + [WIDTH] * (LAYERS - 1)
        self.convs = torch.nn.ModuleList(GCNConv(n, WIDTH) for n in seen)
        self.skips = torch.nn.ModuleList(torch.nn.Linear(n, WIDTH, bias=False) for n in seen)
        self.readout = torch.nn.Linear(WIDTH, 1)

    def forward(self, x, edge_index, edge_weight):
        for conv, skip in zip(self.convs, self.skips):
            x = torch.relu(conv(x, edge_index, edge_weight) + skip(x))
        return self.readout(x).squeeze(1)

    def blocks(self):
        """Views of the parameters in the order of model/gcn.h: matrices side by side, bias; read-out, bias."""
        for conv, skip in zip(self.convs, self.skips):
            yield conv.lin.weight, skip.weight
            yield conv.bias, None
        yield self.readout.weight, None
        yield self.readout.bias, None


def flat(blocks, of):
    out = []
    for first, second in blocks:
        if second is None:
            out += of(first).flatten().tolist()
        else:  # torch keeps a matrix as outputs * inputs
            out += torch.cat([of(first).t(), of(second).t()], dim=1).flatten().tolist()
    return out


def main():
    torch.set_num_threads(1)
    network = Network()
    start = 0
    with torch.no_grad():
        for blocks in network.blocks():
            for block in blocks:
                if block is not None:
                    block.copy_(torch.tensor([number(start + i) for i in range(block.numel())]).reshape(block.shape))
                    start += block.numel()
    cards = [(i * 5 + i // 4) % CARDS for i in range(NODES)]
    times = [1600000000 + 700 * i for i in range(NODES)]
    labels = [int(i % 5 == 2) for i in range(NODES)]
    x = torch.tensor([[4 * number(1000 + i * INPUTS + k) for k in range(INPUTS)] for i in range(NODES)])
    margins = network(x, *edges(cards, times))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        margins, torch.tensor(labels, dtype=torch.float), reduction="sum", pos_weight=torch.tensor(FRAUD_WEIGHT))
    loss.backward()
    made = {
        "shape": [INPUTS, INPUTS, LAYERS, WIDTH, NEIGHBOURS],
        "time_scale": TIME_SCALE,
        "fraud_weight": FRAUD_WEIGHT,
        "cards": cards,
        "times": times,
        "labels": labels,
        "inputs": x.flatten().tolist(),
        "parameters": flat(network.blocks(), lambda block: block.detach()),
        "margins": margins.tolist(),
        "loss": loss.item(),
        "gradient": flat(network.blocks(), lambda block: block.grad),
    }
    print("{" + ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in made.items()) + "}")


if __name__ == "__main__":
    main()
