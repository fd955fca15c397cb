"""Competitions really integrated by Brian2: one network that goes on from window to window.

    tau dV/dt = I - V      V > theta -> spike, V = 0, I = 0      I = drive from a neuron's onset on, 0 before

A neuron is held at rest by taking its input away: while it is refractory, after its spike until the window ends (it
competes once), and when the inhibition has arrived. Steps are exact, and what happens within one is solved for: a
crossing at t = t' - tau ln((I - theta) / (I - V)), V overshot at the step's end t'; an onset at t by starting the
step, at t', from V = I (1 - exp((t - t') / tau)), which is 0 at t. A window is left as soon as inhibition silences all,
since nothing happens in the rest of it; its length still counts for those who are refractory.
"""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any, final

import numpy as np

from htm.bits import Bits
from htm.pick import BadInput

from .closed_form import F64, first_k, rest_after
from .long_run import LongRun
from .params import NeuronParams

EQUATIONS = """
dv/dt = (current - v) / tau : 1
current : 1
theta : 1 (constant)
tau : second (constant)
overshot : 1
"""

_STEPS = 2**39  # of a run that never ends; Brian2 warns beyond 2**40


@final
class IntegratedNeurons:
    """The neurons of one layer in a network of their own, with a clock of its own, in a thread of its own.

    Parameters
    ----------
    params : of the neurons
    threshold : (n,) in mean thresholds
    time_constant : (n,) [s]
    rest : (n,) how long each is still at rest when the first window begins [s]
    """

    def __init__(self, params: NeuronParams, threshold: F64, time_constant: F64, rest: F64) -> None:
        try:
            import brian2  # noqa: F401 (here, where its absence can be told in one line)
        except ImportError as error:
            raise BadInput(
                f"crossbar.neurons.engine: brian2 must be installed for this engine, got {error}"
            ) from None
        arrays = threshold.copy(), time_constant.copy(), rest.copy()

        def serve(inbox: SimpleQueue[Any], outbox: SimpleQueue[Any]) -> None:
            _Windows(params, *arrays, inbox, outbox).run()

        self._run = LongRun(serve)

    @property
    def elsewhere(self) -> bool:
        """Whether this is a copy in a forked process, which has no network."""
        return self._run.elsewhere

    def window(self, drive: F64, delay: F64, k: int) -> tuple[F64, F64]:
        """One window.

        Parameters
        ----------
        drive : (n,) R I, in mean thresholds
        delay : (n,) of each neuron's onset; before the window where negative [s]
        k : spikes that set inhibition off

        Returns
        -------
        times : (n,) of the spikes, infinite where there is none before inhibition or the window's end [s]
        rest : (n,) how long each is still at rest when the next window begins [s]
        """
        times, rest = self._run.ask((drive, delay, k))
        return times, rest

    def close(self) -> None:
        """End the network."""
        self._run.close()


@final
class _Windows:
    """The network, and what happens to it at the end of every step."""

    def __init__(
        self,
        params: NeuronParams,
        threshold: F64,
        time_constant: F64,
        rest: F64,
        inbox: SimpleQueue[Any],
        outbox: SimpleQueue[Any],
    ) -> None:
        import brian2

        self._params, self._inbox, self._outbox = params, inbox, outbox
        self._steps = int(np.ceil(params.window / params.step * (1 - 1e-12)))
        self._theta, self._tau, self._rest = threshold, time_constant, rest
        self._at = -1  # step of the window; under 0 before the first
        self._silenced = np.inf
        clock = brian2.Clock(dt=params.step * brian2.second)
        neurons = brian2.NeuronGroup(
            rest.size,
            EQUATIONS,
            threshold="v > theta",
            reset="overshot = v; v = 0; current = 0",
            method="exact",
            clock=clock,
            codeobj_class=brian2.NumpyCodeObject,
        )
        neurons.theta, neurons.tau = threshold, time_constant * brian2.second
        # The arrays themselves: Brian2's views of them take longer than a step.
        self._v, self._current, self._overshot, self._spikes = (
            neurons.variables[name].get_value() for name in ("v", "current", "overshot", "_spikespace")
        )
        self._network = brian2.Network(neurons, brian2.NetworkOperation(self._step, clock=clock, when="end"))
        self._duration = _STEPS * params.step * brian2.second

    def run(self) -> None:
        """Go on until told to end."""
        self._network.run(self._duration, namespace={})

    def _step(self) -> None:
        """A step is over: note spikes, let inhibition act, begin what begins in the next step."""
        if self._at < 0:  # the first step only had Brian2 write its code
            self._outbox.put(None)
            self._begin()
            return
        self._at += 1
        crossed = self._spikes[: self._spikes[-1]]
        if crossed.size:
            self._note(crossed)
        if self._silenced <= self._at * self._params.step or self._at == self._steps:
            self._end()
            self._begin()
        else:
            self._release(self._onsets.pop(self._at, None))

    def _note(self, crossed: Bits) -> None:
        drive, tau = self._drive[crossed], self._tau[crossed]
        over = np.log((drive - self._theta[crossed]) / (drive - self._overshot[crossed]))
        self._times[crossed] = np.maximum(0.0, self._at * self._params.step - tau * over)
        self._count += crossed.size
        if self._count >= self._k and np.isinf(self._silenced):
            kth = np.partition(self._times, self._k - 1)[self._k - 1]
            self._silenced = float(kth) + self._params.inhibition_latency

    def _end(self) -> None:
        """Leave the window: who crossed after inhibition arrived, within the last step, did not spike."""
        params, times = self._params, self._times
        times[times > params.window] = np.inf
        winners = first_k(times, self._k, params.inhibition_latency)
        silent = np.ones(times.size, dtype=np.bool_)
        silent[winners] = False
        times[silent] = np.inf
        self._rest = rest_after(
            self._rest, winners, times, window=params.window, refractory=params.refractory
        )
        self._outbox.put((times, self._rest.copy()))

    def _begin(self) -> None:
        """Wait for the next window's drive, and let neurons at rest charge from their onsets on."""
        self._v[:] = 0.0
        self._current[:] = 0.0
        question = self._inbox.get()
        if question is None:
            self._network.stop()
            return
        self._drive, delay, self._k = question
        self._onset = self._rest + delay
        self._at, self._count = 0, 0
        self._times = np.full(self._drive.size, np.inf)
        self._silenced = np.inf if self._k else 0.0
        first = np.maximum(0.0, np.floor(self._onset / self._params.step))
        late = np.flatnonzero(first)
        self._onsets: dict[int, Bits] = {}
        for step in np.unique(first[late]):
            if step < self._steps:
                self._onsets[int(step)] = late[first[late] == step].astype(np.int32)
        self._release(np.flatnonzero(first == 0.0).astype(np.int32))

    def _release(self, who: Bits | None) -> None:
        """Give the neurons their drive, as of their onset within the next step."""
        if who is None or not who.size:
            return
        since = (self._onset[who] - self._at * self._params.step) / self._tau[who]
        self._current[who] = self._drive[who]
        self._v[who] = -self._drive[who] * np.expm1(since)
