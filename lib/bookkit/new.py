"""Begin a chapter with a notebook that runs and a file for the rows of its check table, and print the remaining steps.

python -m bookkit.new NAME
"""

import re
import sys
from importlib.resources import files

from darkhiggs.errors import ParameterError

from . import chapters, lock
from .chapters import ROOT

__all__ = ["create", "main", "template"]

_CLAIMS = """\
# The rows of the check table: what each number of the chapter is held against. CONTRIBUTING.md says what the fields are.
reason = "no statement of the talk is compared yet"

[mixing]
kind = "identity"
reference = 4
source = "the rate is quadratic in the mixing"
quantity = "rate at twice the mixing over the rate"
rtol = 1e-12
effect = 2
why = "last bits; tells apart any other power"
"""
_LEFT = """\
written: {notebook}, {claims}
what is left, in this order:
  1. add the line '- file: book/chapters/{name}' to _toc.yml
  2. write the chapter: numbers with their source go into lib/darkhiggs/data, formulas into lib/darkhiggs,
     what the chapter asserts into {claims}; make chapter NAME={name} runs it in seconds
  3. make reference NAME={name} stores its outputs; read what it prints
  4. make book, and look at the page in light, in dark and at phone width
  5. make test PYTEST="-k {name}", then make test
"""


def template(name: str) -> str:
    """Return the text of the notebook of a new chapter."""
    text = files("bookkit").joinpath("template.ipynb").read_text(encoding="utf-8")
    # labels are written with hyphens
    return text.replace(":NAME", f":{name.replace('_', '-')}").replace("NAME", name)


def create(name: str) -> str:
    """Write the files of a new chapter, and return the remaining steps.

    Parameters
    ----------
    name : str
        Name of the chapter, which is used for its file, for its address on the site, and in `make chapter NAME=`.

    Returns
    -------
    str
        A list of the steps in their order.

    Raises
    ------
    ParameterError
        If the name is not valid, or is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ParameterError(f"{name!r} is no name of a chapter: small letters, digits and underscores, a letter first")
    notebook, claims = f"book/chapters/{name}.ipynb", f"book/claims/{name}.toml"
    taken = [path for path in (notebook, claims) if (ROOT / path).exists()]
    if any(page.rpartition("/")[2] == name for page in chapters.pages()):
        taken.append("a line of _toc.yml")
    if taken:
        raise ParameterError(f"the name {name!r} is taken: there is {' and '.join(taken)}")
    for path, text in ((notebook, template(name)), (claims, _CLAIMS)):
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return _LEFT.format(name=name, notebook=notebook, claims=claims)


def main(argv: list[str]) -> int:
    """Run the command line."""
    try:
        print(create(argv[0]), end="")
    except ParameterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
