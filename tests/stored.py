"""Numbers of the tables that a chapter has stored."""

import json
import re
from pathlib import Path

CHAPTERS = Path(__file__).parents[1] / "book/chapters"


def cells(chapter: str, start: str, caption: str = "against the data") -> list[str]:
    """Cells of the row that begins with `start` in the stored table with these words in its caption."""
    notebook = json.loads((CHAPTERS / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    tables = ["".join(output.get("data", {}).get("text/markdown", "")) for output in outputs]
    lines = [line for table in tables if caption in table for line in table.splitlines()]
    (line,) = [line for line in lines if line.startswith(f"| {start} |")]
    return [part.strip() for part in line.strip("| ").split(" | ")]


def numbers(chapter: str, start: str, caption: str = "against the data") -> list[float]:
    """Sizes of the numbers in the cells after the first, in their order; ``a^{+b}_{-c}`` gives a, b and c."""
    text = " ".join(cells(chapter, start, caption)[1:])
    text = re.sub(r"\s*\\times 10\^\{?(-?\d+)\}?", r"e\1", text)
    return [abs(float(x)) for x in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", text)]
