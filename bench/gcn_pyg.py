#!/usr/bin/env python3
"""An epoch of the GCN's training beside PyTorch Geometric: the same network on the same graph, two threads each.

    bench/gcn_pyg.py BUILD [TRANSACTIONS]

Runs BUILD/bench/bench_gcn and then, under $HAECHI_PYG_PYTHON or this Python, PyTorch Geometric's GCNConv over the
whole graph, forward, backward and a step of AdamW, in both ways that it knows: from the list of edges, and from a
sparse matrix whose normalisation is computed once. The shortest epoch of each counts, by the clock on the wall and by
the processors' time, which other work on the machine disturbs less; the faster way is compared."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

EPOCHS = 4


def build_graph(numpy, torch, folder, shape):
    """Edges from a card's last transactions to its next one, and their weights."""
    cards = numpy.fromfile(folder / "cards.u32", numpy.uint32)
    times = numpy.fromfile(folder / "times.i64", numpy.int64)
    order = numpy.argsort(cards, kind="stable")
    sources, targets = [], []
    for back in range(1, shape["neighbours"] + 1):
        same = cards[order[back:]] == cards[order[:-back]]
        sources.append(order[:-back][same])
        targets.append(order[back:][same])
    source, target = numpy.concatenate(sources), numpy.concatenate(targets)
    weight = numpy.exp(-(times[target] - times[source]) / shape["time_scale"]).astype(numpy.float32)
    return torch.from_numpy(numpy.stack([source, target])), torch.from_numpy(weight)


def measure(folder, shape):
    import numpy  # pylint: disable=import-outside-toplevel,import-error
    import torch  # pylint: disable=import-outside-toplevel,import-error
    from torch_geometric.nn import GCNConv  # pylint: disable=import-outside-toplevel,import-error
    from torch_geometric.nn.conv.gcn_conv import gcn_norm  # pylint: disable=import-outside-toplevel,import-error

    torch.set_num_threads(shape["threads"])
    torch.manual_seed(1)
    rows = shape["transactions"]
    x = torch.from_numpy(numpy.fromfile(folder / "inputs.f32", numpy.float32).reshape(rows, -1))
    y = torch.from_numpy(numpy.fromfile(folder / "labels.u8", numpy.uint8)).float()
    edge_index, weight = build_graph(numpy, torch, folder, shape)

    class Network(torch.nn.Module):
        def __init__(self, **how):
            super().__init__()
            seen = [x.shape[1]] + [shape["width"]] * (shape["layers"] - 1)
            self.convs = torch.nn.ModuleList(GCNConv(n, shape["width"], **how) for n in seen)
            self.skips = torch.nn.ModuleList(torch.nn.Linear(n, shape["width"], bias=False) for n in seen)
            self.readout = torch.nn.Linear(shape["width"], 1)

        def forward(self, *graph):
            h = x
            for conv, skip in zip(self.convs, self.skips):
                h = torch.relu(conv(h, *graph) + skip(h))
                h = torch.nn.functional.dropout(h, shape["dropout"], training=True)
            return self.readout(h).squeeze(1)

    def shortest(network, *graph):
        optimizer = torch.optim.AdamW(network.parameters())
        wall, processors = float("inf"), float("inf")
        for _ in range(EPOCHS):
            start, before = time.perf_counter(), time.process_time()
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(*graph), y, pos_weight=torch.tensor(4.0))
            loss.backward()
            optimizer.step()
            wall = min(wall, time.perf_counter() - start)
            processors = min(processors, time.process_time() - before)
        return wall, processors

    by_edges = shortest(Network(cached=True), edge_index, weight)
    index, norm = gcn_norm(edge_index, weight, rows)
    matrix = torch.sparse_coo_tensor(index.flip(0), norm, (rows, rows)).coalesce().to_sparse_csr()
    by_matrix = shortest(Network(normalize=False), matrix)
    print(json.dumps({"edges": by_edges, "matrix": by_matrix}))


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--measure":
        measure(pathlib.Path(arguments[1]), json.loads(arguments[2]))
        return 0
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    python = os.environ.get("HAECHI_PYG_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory(prefix="haechi-gcn-") as folder:
        ours = subprocess.run([pathlib.Path(arguments[0]) / "bench" / "bench_gcn", folder, *arguments[1:]], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        shape = json.loads(ours)
        theirs = json.loads(subprocess.run([python, "-B", "-W", "ignore", __file__, "--measure", folder, ours],
                                           check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"{shape['transactions']} transactions, {shape['inputs']} inputs, {shape['layers']} layers of "
          f"{shape['width']}, {shape['neighbours']} neighbours, {shape['threads']} threads")
    for i, (key, name) in enumerate((("wall", "by the clock"), ("processors", "of processors"))):
        edges, matrix = theirs["edges"][i], theirs["matrix"][i]
        print(f"an epoch, {name}: haechi {shape[key]:.2f} s; PyTorch Geometric {edges:.2f} s from edges, {matrix:.2f} s "
              f"from a sparse matrix; ratio {min(edges, matrix) / shape[key]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
