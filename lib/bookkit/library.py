"""Pages of the library: one for each module, with its functions, their examples, and the chapters that use them."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import ModuleType

import darkhiggs

from . import chapters

__all__ = ["modules", "pages", "used"]


def modules() -> dict[str, tuple[str, ...]]:
    """List the public modules of the library, each with its public names in the order of the source.

    Returns
    -------
    dict of str to tuple of str
        Names by module, which is written without ``darkhiggs.``; a module without public names is left out.

    Raises
    ------
    ImportError
        If a module cannot be imported, whatever the reason.
    """
    from sphinx.pycode import ModuleAnalyzer

    prefix, found = f"{darkhiggs.__name__}.", {}
    for info in pkgutil.walk_packages(darkhiggs.__path__, prefix):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        names = getattr(_loaded(info.name), "__all__", ())
        analyzer = ModuleAnalyzer.for_module(info.name)
        analyzer.analyze()
        if names:
            found[info.name.removeprefix(prefix)] = tuple(sorted(names, key=lambda name: analyzer.tagorder.get(name, -1)))
    return dict(sorted(found.items()))


def _loaded(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise ImportError(f"module {name} cannot be imported: {error}") from error


def used(code: str) -> frozenset[str]:
    r"""List what a piece of code reads of the library.

    Parameters
    ----------
    code : str
        Source of a chapter.

    Returns
    -------
    frozenset of str
        Full names, as in ``"darkhiggs.widths.gamma_h1"``, however the module was imported.

    Examples
    --------
    >>> from bookkit import library
    >>> sorted(library.used("from darkhiggs import widths as w\nw.gamma_h1(sector)"))
    ['darkhiggs.widths', 'darkhiggs.widths.gamma_h1']
    """
    tree, names = ast.parse(code), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            # `import a.b` gives the name a
            heads = {alias.asname or alias.name.partition(".")[0]: alias for alias in node.names}
            names |= {name: alias.name if alias.asname else name for name, alias in heads.items()}
    found = {name for name in names.values() if name.startswith("darkhiggs.")}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            first, dot, rest = ast.unparse(node).partition(".")
            found.add(f"{names.get(first, first)}{dot}{rest}")
    return frozenset(name for name in found if name.startswith("darkhiggs."))


def _users(read: Mapping[str, frozenset[str]], *names: str) -> str:
    """Links to the chapters that use one of these names of the library, in the order of the book."""
    mine = [
        chapter for chapter, seen in read.items() if any(f"{one}.".startswith(f"{name}.") for one in seen for name in names)
    ]
    links = ", ".join(f":doc:`/{chapters.path_of(chapter).with_suffix('').as_posix()}`" for chapter in mine)
    return f"Used in: {links}." if links else ""


def pages() -> dict[str, str]:
    """Return the page of each module.

    Returns
    -------
    dict of str to str
        reStructuredText by path below ``book``.
    """
    read = {}
    for chapter in chapters.names():
        cells = (cell.source for cell in chapters.read(chapter).cells if cell.cell_type == "code")
        read[chapter] = used("\n".join(cells))
    return {f"api/{module}.rst": _page(module, names, read) for module, names in modules().items()}


def _page(module: str, names: tuple[str, ...], read: Mapping[str, frozenset[str]]) -> str:
    full, title = f"{darkhiggs.__name__}.{module}", f"``{module}``"
    lines = [title, "=" * len(title), "", f".. automodule:: {full}", ""]
    lines += [_users(read, *(f"{full}.{name}" for name in names)), "", f".. currentmodule:: {full}", ""]
    lines += [".. autosummary::", "   :nosignatures:", "", *(f"   {name}" for name in names), ""]
    for name in names:
        member = getattr(_loaded(full), name)
        kind = "data" if not callable(member) else "class" if inspect.isclass(member) else "function"
        lines += [f".. auto{kind}:: {full}.{name}", *["   :members:"] * (kind == "class"), ""]
        lines += [f"   {users}", ""] if (users := _users(read, f"{full}.{name}")) else []
    return "\n".join(lines)
