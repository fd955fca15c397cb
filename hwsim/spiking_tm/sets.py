"""The published sets of sequences with their learning rates.

Source: Bouhadjar, Wouters, Diesmann, Tetzlaff 2022 (PLoS Comput Biol 18(6):e1010233); the rate
lambda- as the paper prints it, beside that of the authors' files, which differ in sets II and III. With the printed one
set II is learned sooner and in more seeds.
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
    depression_in_files : lambda- of the authors' parameter files, which reference runs in NEST use
    primed : whether first symbols are primed (see `SequenceTaskParams`), as in the authors' files
    """

    sequences: tuple[str, ...]
    symbols: tuple[str, ...]
    potentiation: float
    depression: float
    homeostasis: float
    depression_in_files: float
    primed: bool = False


SETS: dict[str, SequenceSet] = {
    "I": SequenceSet(("ADBE", "FDBC"), LETTERS[:6], 0.08, 0.0015, 0.014, 0.0015),
    "II": SequenceSet(
        ("ENDIJ", "LNDIK", "GJMCN", "FJMCI", "BCKHI", "ACKHF"), LETTERS, 0.28, 0.0061, 0.024, 0.0063
    ),
    "III": SequenceSet(
        ("ENDIJ", "LNDIK", "GJMEN", "FJMEI", "BCKBI", "ACKBF"), LETTERS, 0.39, 0.0057, 0.034, 0.005785, True
    ),
    "order10": SequenceSet(("ADBGHIJKLMNE", "FDBGHIJKLMNC"), LETTERS, 0.08, 0.0015, 0.014, 0.0015),
}
