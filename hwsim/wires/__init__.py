"""Resistive wires of a crossbar, solved exactly (Kirchhoff) and fast enough to stand inside a learning loop.

The circuit of an array of m word lines and n bit lines::

    driver --[word + driver]-- u[i,0] --[word]-- u[i,1] -- ... -- u[i,n-1]      open, or driven from here too
    u[i,j] --[1 / g[i,j]]-- w[i,j]                                              g = 0: no cell
    w[0,j] --[bit]-- w[1,j] -- ... -- w[m-1,j] --[bit + sense]-- virtual ground
"""

from .network import WireNetwork, reads_that_pay
from .solver import DEFAULT_TOLERANCE, WireParams, WireSolution, WireSolver

__all__ = ["DEFAULT_TOLERANCE", "WireNetwork", "WireParams", "WireSolution", "WireSolver", "reads_that_pay"]
