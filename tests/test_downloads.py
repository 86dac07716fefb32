"""The curves that a reader downloads, read as a reader does: with pandas, by the title of a column."""

import csv
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from bookkit import chapters, run
from darkhiggs import borexino, meson_decays, model, muon, neutrinos, trident, widths

pytestmark = pytest.mark.house


def frames(name: str) -> dict[str, pd.DataFrame]:
    """The downloads of a chapter by name."""
    if not (run.STAGE / chapters.path_of(name)).is_file():
        pytest.skip("the book is not built; run 'make book'")
    return {path.stem: pd.read_csv(path, comment="#") for path in sorted(run.downloads(name).glob("*.csv"))}


@pytest.mark.parametrize("name", chapters.names())
def test_pandas_finds_every_column_by_its_title(name: str) -> None:
    found = frames(name)
    assert found
    for stem, frame in found.items():
        with (run.downloads(name) / f"{stem}.csv").open(encoding="utf-8", newline="") as file:
            titles, *rows = [line for line in csv.reader(line for line in file if not line.startswith("#"))]
        assert isinstance(frame.index, pd.RangeIndex), "more columns than titles"
        assert list(frame.columns) == titles and len(set(titles)) == len(titles)
        words = [title for title in titles if not (title.endswith("]") and " [" in title)]
        assert all(pd.api.types.is_string_dtype(frame[title]) for title in words), "a unit for each column of numbers"
        assert {len(row) for row in rows} == {len(titles)}
        numbers = [title for title in titles if title not in words]
        assert all(frame[title].dtype in (np.float64, np.int64) for title in numbers), "numbers only"
        for place, title in enumerate(titles):
            if title in words:
                continue
            column = np.array([float(row[place]) for row in rows])
            assert np.array_equal(frame[title].to_numpy(float), column, equal_nan=True)
            assert np.isfinite(column).any()


A = model.benchmark("A")
# Chapter, title of the abscissa, title of the curve, and the curve as the library gives it.
CURVES: list[tuple[str, str, str, Callable[[np.ndarray], np.ndarray]]] = [
    ("trident", "m_Z' [GeV]", "R, g_X = 0.003 [1]", lambda m: trident.ratio(m, 3e-3)),
    ("trident", "m_Z' [GeV]", "g_X limit, CCFR [1]", lambda m: trident.coupling_limit(m)),
    ("solar", "m_Z' [GeV]", "g_X limit, R = 1.24 [1]", lambda m: borexino.coupling_limit(m, 1.24)),
    ("z_plane", "m_Z' [GeV]", "g_X, Borexino [1]", lambda m: borexino.coupling_limit(m, 1.24)),
    ("higgs_invisible", "sin theta [1]", "Br(inv), A10 [1]", lambda s: widths.br_higgs_invisible(model.benchmark("A10").replace(m_h1=2.0, sin_theta=s))),
    ("two_body", "m_H1 [GeV]", "sin theta [1]", lambda m: meson_decays.sin_theta_for(1.8e-5, meson_decays.br_b_to_k_scalar(m, 1.0))),
    ("neff_dark_matter", "m_X [GeV]", "Delta N_eff, X alone [1]", lambda m: neutrinos.n_eff([neutrinos.Species(m, 2)]) - neutrinos.n_eff()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "abscissa", "title", "curve"), CURVES, ids=[f"{name}: {title}" for name, _, title, _ in CURVES]
)
def test_title_names_its_curve(name: str, abscissa: str, title: str, curve: Callable[[np.ndarray], np.ndarray]) -> None:
    frame = frames(name)[name]
    wanted = np.asarray(curve(frame[abscissa].to_numpy()))
    here = np.isfinite(wanted) & np.isfinite(frame[title])
    assert here.sum() >= 10
    # six digits are written, of the abscissa too
    assert frame[title][here].to_numpy() == pytest.approx(wanted[here], rel=1e-4)


@pytest.mark.parametrize(("low", "middle", "high"), [("g_X low, {} [1]", "g_X, {} [1]", "g_X high, {} [1]")])
@pytest.mark.parametrize("data", ["2023, WP2020", "2023, BMW20", "2025, WP2025"])
def test_bands_of_g2_are_in_the_right_columns(data: str, low: str, middle: str, high: str) -> None:
    """Each edge of a band gives back its own Delta a_mu; the columns were once shifted."""
    frame = frames("muon_g2")["muon_g2"]
    values = [muon.delta_a_mu(frame["m_Z' [GeV]"], frame[title.format(data)].clip(lower=1e-9)) for title in (low, middle, high)]
    for value in values:
        assert value == pytest.approx(np.full(len(value), value[0]), rel=1e-4, abs=1e-15), "one Delta a_mu on the whole curve"
    assert values[0][0] < values[1][0] < values[2][0]
