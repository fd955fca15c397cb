"""Parameters that all cells share and those of each cell, found together by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Negative = Callable[[int, F64, F64], float]
"""Negative log likelihood of one cell, given its number, the shared parameters and its own."""

SMALL = 1e-4
"""Change of the log likelihood that ends the search."""


@dataclass(frozen=True)
class Joint:
    """Where the likelihood is greatest.

    Attributes
    ----------
    shared, own : parameters, (s,) and (cells, o)
    covariance : of the shared ones, whatever the cells' own are, (s, s)
    error : standard errors of the cells' own ones, (cells, o); infinite where the data do not tell
    across : covariance of a cell's own ones were the shared ones known, (cells, o, o): what spreads have to be
        cleared of, for an error of the shared ones is every cell's
    negative : of the log likelihood
    """

    shared: F64
    own: F64
    covariance: F64
    error: F64
    across: F64
    negative: float


ROUNDS = 6
"""Times that cells may leap elsewhere."""


def maximise(
    negative: Negative,
    shared: F64,
    own: F64,
    steps: F64,
    most: int,
    regular: int,
    leap: Callable[[F64, F64], F64 | None] | None = None,
) -> Joint:
    """Newton's method, damped, on a Hessian whose cells only touch the shared parameters.

    Parameters
    ----------
    shared, own : where to begin, (s,) and (cells, o)
    steps : size of the differences that derivatives are taken from, (s + o,)
    most : steps of Newton's method
    regular : how many of a cell's own parameters, the first ones, can follow its noise; the others are edges
    leap : likelier own parameters beyond a valley of the likelihood, (cells, o), from the shared and own ones; or none
    """
    shared, own, best = _climb(negative, shared, own, steps, most)
    for _ in range(ROUNDS):
        elsewhere = None if leap is None else leap(shared, own)
        if elsewhere is None:
            break
        shared, own, best = _climb(negative, shared, elsewhere, steps, most)
    parts = [_derivatives(negative, c, shared, own[c], steps) for c in range(len(own))]
    covariance, error, across = _covariances(parts, shared.size)
    back = _restricted(negative, shared, own, steps, covariance, regular)
    return Joint(shared + back, own, covariance, error, across, best)


def _climb(negative: Negative, shared: F64, own: F64, steps: F64, most: int) -> tuple[F64, F64, float]:
    """The nearest place that no step makes likelier, and its negative log likelihood."""
    n, damping = shared.size, 1e-2
    best = _total(negative, shared, own)
    for _ in range(most):
        parts = [_derivatives(negative, c, shared, own[c], steps) for c in range(len(own))]
        improved = False
        while damping < 1e8:
            move = _solved(parts, n, damping)
            to = shared + _bounded(move[0]), own + _bounded(move[1])
            fresh = _total(negative, *to)
            if fresh < best:
                gained, (shared, own), best, improved = best - fresh, to, fresh, True
                damping = max(damping * 0.1, 1e-9)
                break
            damping = max(damping * 10.0, 0.1)
        if not improved or gained < SMALL:
            break
    return shared, own, best


def _restricted(negative: Negative, shared: F64, own: F64, steps: F64, covariance: F64, regular: int) -> F64:
    """What the freedom of the cells' own parameters has taken from the shared noise, given back.

    Each cell's own parameters follow some of its noise, which then seems smaller. The restricted likelihood (Patterson
    and Thompson, Biometrika 58:545, 1971) adds half the logarithm of the determinant of their curvature; here one step
    of Newton's method toward its maximum.
    """
    s = shared.size
    sure = np.where(np.isfinite(covariance), covariance, 0.0)
    gradient, nudge = np.zeros(s), 0.05
    for k in range(s):
        if sure[k, k] == 0.0:
            continue
        size = min(nudge, float(np.sqrt(sure[k, k])))
        moved = [shared + sign * size * np.eye(s)[k] for sign in (1.0, -1.0)]
        for c in range(len(own)):
            ahead, behind = (_log_curvature(negative, c, at, own[c], steps[s:], regular) for at in moved)
            gradient[k] += 0.5 * (ahead - behind) / (2.0 * size)
    back: F64 = np.clip(-sure @ gradient, -0.3, 0.3)
    return back


def _log_curvature(negative: Negative, cell: int, shared: F64, own: F64, steps: F64, regular: int) -> float:
    """Logarithm of the determinant of a cell's own curvature, over what is curved at all."""
    _, hessian = _derivatives(lambda c, _, mine: negative(c, shared, mine), cell, np.zeros(0), own, steps)
    values = np.linalg.eigvalsh(hessian[:regular, :regular])
    return float(np.log(np.maximum(values, 1.0)).sum())


def _total(negative: Negative, shared: F64, own: F64) -> float:
    return sum(negative(c, shared, own[c]) for c in range(len(own)))


def _bounded(move: F64) -> F64:
    return np.clip(move, -1.0, 1.0)


def _derivatives(negative: Negative, cell: int, shared: F64, own: F64, steps: F64) -> tuple[F64, F64]:
    """Gradient and Hessian of one cell's part, from central differences."""
    at, n = np.concatenate((shared, own)), steps.size
    s = shared.size

    def value(x: F64) -> float:
        return negative(cell, x[:s], x[s:])

    eye = np.diag(steps)
    middle = value(at)
    ahead, behind = np.array([value(at + e) for e in eye]), np.array([value(at - e) for e in eye])
    gradient = (ahead - behind) / (2.0 * steps)
    hessian = np.diag((ahead - 2.0 * middle + behind) / steps**2)
    for i in range(n):
        for k in range(i):
            both = value(at + eye[i] + eye[k]) - ahead[i] - ahead[k]
            none = value(at - eye[i] - eye[k]) - behind[i] - behind[k]
            hessian[i, k] = hessian[k, i] = (both + none + 2.0 * middle) / (2.0 * steps[i] * steps[k])
    return gradient, hessian


def _solved(parts: Sequence[tuple[F64, F64]], s: int, damping: float) -> tuple[F64, F64]:
    """The damped Newton step; where the likelihood curves the wrong way, it is taken to curve as much the right way."""
    whole, right = np.zeros((s, s)), np.zeros(s)
    back = []
    for gradient, hessian in parts:
        right_side = np.column_stack((hessian[s:, :s], gradient[s:]))
        cross = _positive(hessian[s:, s:], damping) @ right_side
        whole += hessian[:s, :s] - hessian[:s, s:] @ cross[:, :s]
        right += gradient[:s] - hessian[:s, s:] @ cross[:, s]
        back.append(cross)
    move = -(_positive(whole, damping) @ right)
    return move, np.stack([-cross[:, s] - cross[:, :s] @ move for cross in back])


def _positive(hessian: F64, damping: float) -> F64:
    """Inverse of the damped Hessian with the sizes of its eigenvalues."""
    if not hessian.size:
        return hessian
    values, vectors = np.linalg.eigh(hessian)
    sizes = np.abs(values)
    sizes = np.maximum(sizes, 1e-6 * sizes.max() + 1e-3) * (1.0 + damping)
    inverse: F64 = (vectors / sizes) @ vectors.T
    return inverse


def _covariances(parts: Sequence[tuple[F64, F64]], s: int) -> tuple[F64, F64, F64]:
    """Of the shared parameters; standard errors and covariances of each cell's own.

    The filter behind the likelihood is an approximation near bounds. Where the cells' scores scatter more than the
    likelihood's curvature says (the sandwich of H. White, Econometrica 50:1, 1982), errors are as much larger.
    """
    whole, inner, scores = np.zeros((s, s)), [], []
    for gradient, hessian in parts:
        told = np.diag(hessian)[s:] > 1e-6
        inverse = np.zeros((told.size, told.size))
        kept = np.ix_(told, told)
        try:
            inverse[kept] = np.linalg.inv(hessian[s:, s:][kept])
        except np.linalg.LinAlgError:
            told[:] = False
        inner.append((told, inverse))
        whole += hessian[:s, :s] - hessian[:s, s:] @ inverse @ hessian[s:, :s]
        scores.append(gradient[:s] - hessian[:s, s:] @ inverse @ gradient[s:])
    flat = ~(np.diag(whole) > 1e-6)
    whole[flat, :] = whole[:, flat] = 0.0
    whole[flat, flat] = 1.0
    try:
        covariance = np.asarray(np.linalg.inv(whole), dtype=np.float64)
    except np.linalg.LinAlgError:
        covariance = np.full((s, s), np.inf)
    bad = flat | ~(np.diag(covariance) > 0.0)
    if len(parts) > s and not bad.any():
        scatter = np.cov(np.stack(scores), rowvar=False).reshape(s, s) * len(parts)
        ratio = np.diag(covariance @ scatter @ covariance) / np.diag(covariance)
        wider = np.sqrt(np.maximum(ratio, 1.0))
        covariance = covariance * np.outer(wider, wider)
    covariance[bad, bad] = np.inf
    sure = np.where(np.isfinite(covariance), covariance, 0.0)
    errors, across = [], []
    for (told, inverse), (_, hessian) in zip(inner, parts, strict=True):
        through = inverse @ hessian[s:, :s]
        own = inverse + through @ sure @ through.T
        variance = np.where(told & (np.diag(own) > 0.0), np.diag(own), np.inf)
        errors.append(np.sqrt(variance))
        inverse[np.diag_indices(told.size)] = np.where(np.isfinite(variance), np.diag(inverse), np.inf)
        across.append(inverse)
    return covariance, np.stack(errors), np.stack(across)
