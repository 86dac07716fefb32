r"""Comparison of the lead of a chapter with its outputs: every number of the first paragraph has to occur in a table.

A lead is prose and is not computed; its numbers are checked here.
A number of the lead requires a number that rounds to it in the tables of its chapter, their captions, the check table or the
knobs.
A number in the text of a link to another chapter requires one in that chapter.
If a result changes and the lead does not, a test fails.
The check is not a proof: numbers in words ("a quarter") are not read, a number of one digit is matched easily, and one of two
digits may be matched by an unrelated number close to it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import chapters, checks, tables

__all__ = ["SEE", "Said", "findings", "lead", "missing", "numbers", "shown", "unlinked"]

# Heading of the text below a figure.
SEE = "## What to see"
_POWER = r"(?:\\times|×|\\cdot)\s*10\^\{?(?P<power>-?\d+)\}?"
# indices and exponents, except exponents of ten
_SCRIPT = re.compile(r"(?:_|(?<!10)\^)(?:\{[^{}]*\}|\\?\w+|\S)")
# a bracket with a common power of ten
_BRACKET = re.compile(r"\(([^()]*)\)\s*\\times\s*10\^\{?(-?\d+)\}?")
# not a part of a name such as A10, g-2 or DarkSide-50, and not the last digits of another number
_BEFORE = r"(?<![\w.])(?<![A-Za-z][-−‑])"
# not a factor in a formula, as in 2m_X or 4\pi
_AFTER = r"(?![\w^]|\.\d|\s*/\s*[\\(]|\\(?!,|%|times|cdot|text|le|ge|pm|ll|gg|approx|sim|quad|mathrm|rm))"
_NUMBER = re.compile(
    rf"{_BEFORE}(?:10\^\{{?(?P<bare>-?\d+)\}}?(?!\w)|(?P<digits>\d+(?:\.\d+)?)(?:\s*{_POWER}|(?:e(?P<e>[-+]?\d+))?{_AFTER}))"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
# confidence levels, which describe a limit or an interval
_LEVELS = ("68", "90", "95")
_UNITS = {"%": (1.0, 1e-2), "MeV": (1.0, 1e-3), "GeV": (1.0, 1e3)}
# the unit of the number itself, or of the range or list that begins with it
_UNIT = re.compile(r"(?:\s*(?:to|and|or|,|–)\s*[\d.]+)*(?:\\,|\\mathrm\{|\\rm|[\s$~{])*\\?(%|MeV|GeV)")
_MARKUP = re.compile(r"<!--.*?-->|\{\w+:\w+\}`[^`]*`|\]\([^)]*\)|`[^`]*`", re.S)
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:chapters/)?(\w+)\.ipynb(?:#[\w-]*)?\)")
_PLAIN = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")
_SCALE = re.compile(r"\[(1e[-+]?\d+|%)[^\]]*\]")


@dataclass(frozen=True)
class Said:
    """A number of a text.

    Parameters
    ----------
    text : str
        The number as written.
    value : float
        Its value.
    half : float
        Half a unit of its last digit.
    factors : tuple of float
        Factors to the units in which the number may be given in a table.
    """

    text: str
    value: float
    half: float
    factors: tuple[float, ...] = (1.0,)

    def meets(self, number: float) -> bool:
        """Return whether a number, possibly in another unit, rounds to this one."""
        return any(abs(number - factor * self.value) <= factor * self.half * (1 + 1e-9) for factor in self.factors)


def lead(notebook: Any) -> str:
    """Return the lead of a chapter, which follows title and verdicts, and the text below its figure."""
    answer = str(notebook.cells[0].source).partition(checks.BADGE)[2].strip()
    return "\n\n".join([answer, *(cell.source.partition("\n")[2] for cell in notebook.cells if cell.source.startswith(SEE))])


def numbers(text: str) -> Iterator[Said]:
    r"""Read the numbers of a text in MyST.

    Parameters
    ----------
    text : str
        Prose with formulas between dollars.

    Yields
    ------
    Said
        Each number; indices, exponents, factors in a formula, names, years and confidence levels do not count.

    Examples
    --------
    >>> from bookkit import leads
    >>> found = leads.numbers(r"At A10 $m_{H_1}=2.15$ GeV needs $8.3\times10^{-6}$, 5 % of $2m_X^2$.")
    >>> [(x.text, x.value) for x in found]
    [('2.15', 2.15), ('8.3\\times10^{-6}', 8.3e-06), ('5', 5.0)]
    """
    text = re.sub(r"\\[A-Za-z]+", r"\g<0> ", _SCRIPT.sub("'", _MARKUP.sub(" ", text)))
    text = _BRACKET.sub(lambda found: re.sub(r"\d+(?:\.\d+)?", rf"\g<0>e{found[2]}", found[1]), text)
    for match in _NUMBER.finditer(text):
        digits = match["digits"] or "1"
        if match["bare"] is None and match["power"] is None and _YEAR.fullmatch(digits):
            continue
        power = int(match["bare"] or match["power"] or match["e"] or 0)
        half = 0.5 * 10.0 ** (power - len(digits.partition(".")[2]))
        unit = _UNIT.match(text, match.end())
        if unit and unit[1] == "%" and digits in _LEVELS:
            continue
        yield Said("".join(match[0].split()), float(f"{digits}e{power}"), half, _UNITS[unit[1]] if unit else (1.0,))


def _plain(text: str) -> Iterator[float]:
    text = re.sub(r"\s*(?:\\times|×)\s*10\^\{?(-?\d+)\}?", r"e\1", text.replace("−", "-"))
    yield from (abs(float(found)) for found in _PLAIN.findall(text))


def shown(notebook: Any) -> list[float]:
    """List the numbers in the tables and knobs of a chapter.

    Parameters
    ----------
    notebook : NotebookNode
        A chapter with stored outputs.

    Returns
    -------
    list of float
        Absolute values of the numbers in cells, titles and captions of its tables, in the rows of its check table, and of its
        knobs. Cells are also listed multiplied by the unit of their column, such as [1e-6].
    """
    found: list[float] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if record := data.get(tables.MIME):
                found += _plain(" ".join([record["caption"], *record["columns"]]))
                for row in record["rows"]:
                    for title, text in zip(record["columns"], row, strict=True):
                        unit = _SCALE.search(title)
                        scale = 1.0 if unit is None else 1e-2 if unit[1] == "%" else float(unit[1])
                        found += (factor * number for number in _plain(text) for factor in {1.0, scale})
            if checks.parse(data) is not None:
                found += _plain(data["text/plain"])
    knobs = chapters.knobs(chapters.parameters_source(notebook)).values()
    return found + [abs(float(knob.default)) for knob in knobs if isinstance(knob.default, int | float)]


def missing(notebook: Any) -> list[str]:
    """List the numbers of the lead that are in no table.

    Parameters
    ----------
    notebook : NotebookNode
        A chapter with stored outputs.

    Returns
    -------
    list of str
        The numbers as written in the lead, each once.
    """
    text, found = lead(notebook), []
    for linked in _LINK.finditer(text):
        found += _without(linked[1], shown(chapters.read(linked[2])))
    return list(dict.fromkeys(_without(_LINK.sub(" ", text), shown(notebook)) + found))


def findings(page: str) -> list[str]:
    """List the numbered findings of the front page.

    Parameters
    ----------
    page : str
        Source of the page, in which a numbered list has the heading ``## What is found``.

    Returns
    -------
    list of str
        One entry for each finding, without its number.
    """
    section = page.partition("## What is found\n")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. (.+)$", section, re.M)


def unlinked(text: str) -> list[str]:
    """List the numbers of a text that are in no table of the chapters it links to.

    Parameters
    ----------
    text : str
        Prose with links to chapters.

    Returns
    -------
    list of str
        The numbers as written.
    """
    there = [number for _, name in _LINK.findall(text) for number in shown(chapters.read(name))]
    return list(dict.fromkeys(_without(_LINK.sub(" ", text), there)))


def _without(text: str, there: list[float]) -> list[str]:
    return [said.text for said in numbers(text) if not any(map(said.meets, there))]
