"""The published sets of sequences with their learning rates.

Source: Bouhadjar, Wouters, Diesmann, Tetzlaff 2022 (PLoS Comput Biol 18(6):e1010233) and the authors' parameter files.
Where lambda- of sets II and III differs, 0.0061 and 0.0057 in print, the files say to use their own, and so it is here.
That the first symbols of set III are primed stands in the files alone (``sparse_first_char``).
"""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = tuple("ABCDEFGHIJKLMN")


@dataclass(frozen=True)
class SequenceSet:
    """One published task.

    Attributes
    ----------
    sequences : words, a symbol a letter
    symbols : one population each, in this order
    potentiation, depression, homeostasis : lambda+, lambda-, lambda_h
    primed : whether first symbols are primed (see `SequenceTaskParams`)
    """

    sequences: tuple[str, ...]
    symbols: tuple[str, ...]
    potentiation: float
    depression: float
    homeostasis: float
    primed: bool = False


SETS: dict[str, SequenceSet] = {
    "I": SequenceSet(("ADBE", "FDBC"), LETTERS[:6], 0.08, 0.0015, 0.014),
    "II": SequenceSet(("ENDIJ", "LNDIK", "GJMCN", "FJMCI", "BCKHI", "ACKHF"), LETTERS, 0.28, 0.0063, 0.024),
    "III": SequenceSet(
        ("ENDIJ", "LNDIK", "GJMEN", "FJMEI", "BCKBI", "ACKBF"), LETTERS, 0.39, 0.005785, 0.034, primed=True
    ),
    "order10": SequenceSet(("ADBGHIJKLMNE", "FDBGHIJKLMNC"), LETTERS, 0.08, 0.0015, 0.014),
}
