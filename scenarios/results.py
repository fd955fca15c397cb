"""Reading a run's folder: tables, named arrays, files for other programs. Nothing here needs a simulation."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htm.pick import BadInput

from . import store
from .registry import SCENARIOS, Metric

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray
    from rich.table import Table


class Results:
    """Finished points of a run or a sweep.

    Parameters
    ----------
    folder : the run's folder

    Raises
    ------
    BadInput
        Where it is none.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = store.RunFolder(folder)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Scenario, base (resolved parameters), vary, seeds, versions, as in run.json."""
        return self._folder.manifest

    @property
    def expected(self) -> int:
        """Number of points that were asked for."""
        return math.prod([len(self.manifest["seeds"]), *map(len, self.manifest["vary"].values())])

    def metrics(self) -> dict[str, Metric]:
        """Label and unit of every metric that the scenario names."""
        scenario = SCENARIOS.get(self.manifest["scenario"])
        return dict(scenario.metric_table()) if scenario is not None else {}

    def to_dataframe(self) -> pd.DataFrame:
        """One row a finished point: id, swept values, seed, metrics, wall_s; in the order of the sweep."""
        import pandas as pd

        vary = self.manifest["vary"]
        rows = [
            {"id": one.id, **{key: one.values.get(key) for key in vary}, "seed": one.seed, **one.metrics}
            | {"wall_s": one.wall_s}
            for one in self._folder.finished().values()
        ]
        place = {key: {_word(value): i for i, value in enumerate(values)} for key, values in vary.items()}
        rows.sort(key=lambda row: (*(place[key].get(_word(row[key]), -1) for key in vary), row["seed"]))
        metrics = dict.fromkeys(name for row in rows for name in row)
        columns = [name for name in metrics if name != "wall_s"] + ["wall_s"]
        return pd.DataFrame(rows, columns=columns if rows else ["id", *vary, "seed", "wall_s"])

    def to_xarray(self) -> xr.Dataset:
        """Metrics on named axes: every swept key, and seed; NaN where a point is not finished."""
        try:
            import xarray  # noqa: F401
        except ImportError:
            raise _needs("to_xarray", "xarray") from None
        frame = self._finished_frame()
        axes = [*self.manifest["vary"], "seed"]
        for key in axes:
            frame[key] = _column(list(frame[key]))
        data = frame.drop(columns="id").set_index(axes).to_xarray()
        for name, metric in self.metrics().items():
            if name in data:
                data[name].attrs.update(long_name=metric.label, units=metric.unit)
        data["wall_s"].attrs.update(long_name="time taken", units="s")
        data.attrs["scenario"] = self.manifest["scenario"]
        data.attrs["base"] = json.dumps(self.manifest["base"])
        return data

    def arrays(self, point_id: str) -> dict[str, NDArray[np.generic]]:
        """Arrays of one point, by its id."""
        return self._folder.arrays(point_id)

    @property
    def assumed(self) -> str:
        """What the energies assume, as their prices say; empty where nothing has a price."""
        first = str(self._finished_frame()["id"].iloc[0])
        return str(self.arrays(first).get("energy_assumed", ""))

    @property
    def notes(self) -> str:
        """What points left out of what they were asked for, each thing once; empty where that is nothing."""
        told: dict[str, None] = {}
        for one in map(str, self._finished_frame()["id"]):
            # Damaged arrays are told of by whoever needs them: a table of numbers does not.
            with contextlib.suppress(BadInput):
                found = self._folder.arrays(one, only="notes")
                told |= {str(text): None for text in found.values()}
        return "; ".join(told)

    def table(self) -> Table:
        """Table for a terminal or a notebook: software beside hardware, or a sweep's points."""
        from .tables import table_of

        return table_of(self)

    def export(
        self,
        *,
        csv: Path | str | None = None,
        parquet: Path | str | None = None,
        netcdf: Path | str | None = None,
    ) -> list[Path]:
        """Write all finished points for other programs.

        Parameters
        ----------
        csv, parquet, netcdf : files to write, any of them

        Returns
        -------
        The files written.

        Raises
        ------
        BadInput
            Where no point is finished, a package is missing, or a file cannot be written.
        """
        frame = self._finished_frame()
        written = []
        if csv is not None:
            written.append(_write(csv, lambda file: frame.to_csv(file, index=False)))
        if parquet is not None:
            try:
                import pyarrow  # noqa: F401
            except ImportError:
                raise _needs("--parquet", "parquet") from None
            flat = frame.assign(**{key: _column(list(frame[key])) for key in self.manifest["vary"]})
            written.append(_write(parquet, lambda file: flat.to_parquet(file, index=False)))
        if netcdf is not None:
            try:
                import h5netcdf  # type: ignore[import-untyped]  # noqa: F401
            except ImportError:
                raise _needs("--netcdf", "xarray") from None
            data = self.to_xarray()
            written.append(_write(netcdf, lambda file: data.to_netcdf(file.name, engine="h5netcdf")))
        if not written:
            raise BadInput("export: name a file to write, such as --csv out.csv")
        return written

    def _finished_frame(self) -> pd.DataFrame:
        frame = self.to_dataframe()
        if not len(frame):
            raise BadInput(f"{self.folder}: no point is finished yet")
        return frame


def plot(results: Results | Path | str, out: Path | str | None = None, **options: Any) -> list[Path]:
    """Draw everything that results can show; see `scenarios.plots.plot_results`.

    Parameters
    ----------
    results : results, or a run's folder
    out : folder for the pictures, else ``plots`` in the run's folder
    options : formats, movie, progress
    """
    from .plots import plot_results

    results = results if isinstance(results, Results) else Results(results)
    return plot_results(results, Path(out) if out is not None else results.folder / "plots", **options)


def _write(path: Path | str, write: Any) -> Path:
    path = Path(path)
    try:
        store.replace_file(path, write)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _needs(what: str, extra: str) -> BadInput:
    return BadInput(f'{what}: needs the extra {extra}: pip install "hwsim[{extra}]"')


def _word(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _column(values: list[Any]) -> list[Any]:
    """Swept values of one kind: numbers stay, and where there is anything else all become text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return values
    return [value if isinstance(value, str) else json.dumps(value) for value in values]
