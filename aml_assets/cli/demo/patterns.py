"""Laundering in its eight textbook shapes, as small timed and priced graphs.

The shapes are those of Suzumura and Kanezashi's AMLSim and of IBM's AMLworld (Altman et al.,
"Realistic Synthetic Financial Transactions for Anti-Money Laundering Models", NeurIPS 2023).

Belongs here: who pays whom, in which order, how much. Does not belong here: the accounts in these
roles, and the other columns of a payment (``behaviour``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aml_assets.cli.demo.population import Floats

Edge = tuple[int, int, int]
"""Paying role, receiving role, step: money of a later step has arrived in an earlier one."""

TYPOLOGIES = (
    "fan_out",
    "fan_in",
    "cycle",
    "scatter_gather",
    "gather_scatter",
    "stack",
    "bipartite",
    "random",
)

_COMMISSION = (0.01, 0.08)
"""Bounds of what a launderer keeps of each sum that passes through."""


@dataclass(frozen=True)
class Pattern:
    """One attempt to launder.

    Attributes:
        typology: one of ``TYPOLOGIES``.
        edges: the payments; roles are numbered from 0.
        moments: (edges,) when, as a share of the attempt's duration in [0, 1).
        amounts: (edges,) euros.
    """

    typology: str
    edges: tuple[Edge, ...]
    moments: Floats
    amounts: Floats

    @property
    def roles(self) -> int:
        """Number of accounts taking part."""
        return 1 + max(max(payer, payee) for payer, payee, _ in self.edges)

    @property
    def exits(self) -> frozenset[int]:
        """Roles that only receive, once: here money may leave the bank."""
        payers = {payer for payer, _, _ in self.edges}
        receipts = [payee for _, payee, _ in self.edges]
        return frozenset(r for r in receipts if r not in payers and receipts.count(r) == 1)


def draw_pattern(typology: str, rng: np.random.Generator) -> Pattern:
    """Draw an attempt of one typology.

    Args:
        typology: one of ``TYPOLOGIES``.
        rng: the only source of chance.

    Returns:
        The attempt. Along every path, time rises, and from the second payment on money is only
        passed on after it came in.
    """
    edges = tuple(_shape(typology, rng))
    steps = 1 + max(step for _, _, step in edges)
    inside = rng.uniform(0.02, 0.98, len(edges))  # apart, so that steps never touch
    moments = (np.array([step for _, _, step in edges]) + inside) / steps
    return Pattern(typology, edges, moments, _amounts(edges, rng))


def _shape(typology: str, rng: np.random.Generator) -> list[Edge]:
    def between(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    match typology:
        case "fan_out":
            return [(0, leaf, 0) for leaf in range(1, between(5, 14) + 1)]
        case "fan_in":
            return [(leaf, 0, 0) for leaf in range(1, between(5, 14) + 1)]
        case "cycle":
            hops = between(4, 10)
            return [(hop, (hop + 1) % hops, hop) for hop in range(hops)]
        case "random":
            # AMLworld's "random": a walk that never returns to where it began.
            return [(hop, hop + 1, hop) for hop in range(between(4, 10))]
        case "scatter_gather":
            middle = range(2, 2 + between(4, 8))
            return [(0, m, 0) for m in middle] + [(m, 1, 1) for m in middle]
        case "gather_scatter":
            senders = between(3, 7)
            receivers = between(3, 7)
            gather = [(1 + n, 0, 0) for n in range(senders)]
            return gather + [(0, 1 + senders + n, 1) for n in range(receivers)]
        case "bipartite":
            return _layer(rng, range(first := between(4, 7)), range(first, first + between(4, 7)))
        case "stack":
            bounds = np.cumsum([0, *(between(3, 5) for _ in range(3))]).tolist()
            top, middle, bottom = (range(bounds[n], bounds[n + 1]) for n in range(3))
            return _layer(rng, top, middle) + _layer(rng, middle, bottom, step=1)
        case _:
            raise ValueError(f"unknown typology {typology!r}, choose from {TYPOLOGIES}")


def _layer(rng: np.random.Generator, payers: range, payees: range, step: int = 0) -> list[Edge]:
    """Edges by which every payer pays, every payee is paid, and a few payers pay twice."""
    pairs = {
        (payers[n % len(payers)], payees[n % len(payees)])
        for n in range(max(len(payers), len(payees)))
    }
    for payer in payers:
        if rng.random() < 0.3:
            pairs.add((payer, payees[int(rng.integers(len(payees)))]))
    return [(payer, payee, step) for payer, payee in sorted(pairs)]


def _amounts(edges: tuple[Edge, ...], rng: np.random.Generator) -> Floats:
    """Amounts: new money in the first step; later steps split what came in, less a commission."""
    usual = rng.lognormal(np.log(3_200), 0.8)
    held: dict[int, float] = {}
    amounts = np.zeros(len(edges))
    for step in sorted({step for _, _, step in edges}):
        current = [n for n, edge in enumerate(edges) if edge[2] == step]
        arriving: dict[int, float] = {}
        for payer in sorted({edges[n][0] for n in current}):
            mine = [n for n in current if edges[n][0] == payer]
            if step == 0:
                shares = usual * rng.lognormal(0, 0.45, len(mine))
            else:
                passed_on = held.pop(payer) * (1 - rng.uniform(*_COMMISSION))
                shares = passed_on * rng.dirichlet(np.full(len(mine), 8.0))
            for n, amount in zip(mine, shares, strict=True):
                amounts[n] = amount
                arriving[edges[n][1]] = arriving.get(edges[n][1], 0.0) + amount
        for payee, amount in arriving.items():
            held[payee] = held.get(payee, 0.0) + amount
    return amounts
