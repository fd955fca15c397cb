"""A network that runs on and on in a thread of its own, and is met at the end of every window."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, final

from htm.pick import BadInput

Serve: TypeAlias = Callable[["SimpleQueue[Any]", "SimpleQueue[Any]"], None]
"""``serve(inbox, outbox)``: puts None once it is ready, then an answer for every question, until it gets None."""

_BUILDING = threading.Lock()  # Brian2 builds code with caches that all networks share
_LOOK = 0.5  # how often one who waits looks whether the thread still lives [s]
_FAREWELL = 5.0  # how long to wait for the thread to end [s]


@final
class LongRun:
    """Asks a thread and waits for its answer. It ends with this object, with the interpreter, and after any error.

    Parameters
    ----------
    serve : runs in the thread; must not refer to this object, which would then never be collected
    """

    def __init__(self, serve: Serve) -> None:
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._outbox: SimpleQueue[Any] = SimpleQueue()
        self._process = os.getpid()
        self._thread = threading.Thread(
            target=_guarded, args=(serve, self._inbox, self._outbox), name="hwsim-brian2", daemon=True
        )
        self._end = weakref.finalize(self, _ended, self._inbox, self._thread)
        with _BUILDING:
            self._thread.start()
            self._answer()

    @property
    def elsewhere(self) -> bool:
        """Whether this is a copy in a forked process, to which threads do not come along."""
        return self._process != os.getpid()

    def ask(self, question: Any) -> Any:
        """The thread's answer.

        Parameters
        ----------
        question : anything but None
        """
        self._inbox.put(question)
        return self._answer()

    def close(self) -> None:
        """End the thread; more than once does no harm."""
        self._end()

    def _answer(self) -> Any:
        try:
            while True:
                try:
                    answer = self._outbox.get(timeout=_LOOK)
                    break
                except Empty:
                    if not self._thread.is_alive() and self._outbox.empty():
                        raise BadInput(
                            "crossbar.neurons.engine: the network must be running, got one that ended"
                        ) from None
        except BaseException:  # an interrupt as well: its answer would be taken for the next one's
            self.close()
            raise
        if isinstance(answer, BaseException):
            self.close()
            raise BadInput(
                f"crossbar.neurons.engine: the network must go on, got {type(answer).__name__}: {answer}"
            ) from answer
        return answer


def _guarded(serve: Serve, inbox: SimpleQueue[Any], outbox: SimpleQueue[Any]) -> None:
    """Whatever goes wrong in the thread is an answer."""
    try:
        serve(inbox, outbox)
    except BaseException as error:
        outbox.put(error)


def _ended(inbox: SimpleQueue[Any], thread: threading.Thread) -> None:
    inbox.put(None)
    if thread is not threading.current_thread():
        thread.join(_FAREWELL)
