"""Rules of the library as functions of a package or a folder, so that tests can show what they report."""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
# masses and couplings with their full digits belong to darkhiggs/data
_LITERALS = re.compile(
    r"(?<![\w.])(5\.279\d*|1\.16637\d*e-5|0\.10565\d*|246\.2\d*|125\.[01]\d*|80\.3\d+|172\.\d+|0\.4936\d*|6\.7e-6|4\.18(?!\d))"
)


def modules(package: ModuleType) -> list[str]:
    """Public modules at any depth, without the name of the package; a package inside is one of them."""
    prefix = f"{package.__name__}."
    found = (info.name.removeprefix(prefix) for info in pkgutil.walk_packages(package.__path__, prefix))
    return sorted(name for name in found if not any(part.startswith("_") for part in name.split(".")))


def load(package: ModuleType, module: str) -> ModuleType:
    return importlib.import_module(f"{package.__name__}.{module}")


def public(package: ModuleType) -> list[tuple[str, str]]:
    """Module and name of every public function and class."""
    pairs = ((module, name) for module in modules(package) for name in getattr(load(package, module), "__all__", ()))
    return [(module, name) for module, name in pairs if not name.isupper()]


def face_faults(package: ModuleType, module: str) -> list[str]:
    """What `__all__` lacks or has too much: it lists the functions, classes and constants made here, in order."""
    loaded = load(package, module)
    if not hasattr(loaded, "__all__"):
        return [f"{module}: has no __all__"]
    own = {
        name
        for name, member in vars(loaded).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or inspect.isclass(member))
        and member.__module__ == loaded.__name__
    }
    for node in ast.parse(Path(loaded.__file__ or "").read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        names = [inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]
        own |= {name for name in names if not name.startswith("_")}
    faults = [f"{module}: {name} is not in __all__" for name in sorted(own - set(loaded.__all__))]
    faults += [f"{module}: {name} in __all__ is not made here" for name in sorted(set(loaded.__all__) - own)]
    if list(loaded.__all__) != sorted(loaded.__all__):
        faults.append(f"{module}: __all__ is not in order")
    return faults


def example_faults(package: ModuleType, module: str, name: str) -> list[str]:
    """Examples of a public name that are missing or give something else."""
    found = doctest.DocTestFinder(recurse=True).find(getattr(load(package, module), name), name, globs={})
    own = [test for test in found if test.examples]
    faults = [] if own else [f"{module}.{name} has no example"]
    for test in own:
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test)
        if runner.summarize(verbose=False).failed:
            faults.append(f"the example of {module}.{test.name} gives something else")
    return faults


def docstring_faults(package: ModuleType, module: str, name: str) -> list[str]:
    """What numpydoc finds."""
    from numpydoc.validate import validate

    checks = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"]["checks"])
    found = validate(f"{package.__name__}.{module}.{name}")["errors"]
    return [f"{module}.{name}: {code} {text}" for code, text in found if code in checks]


def argument_faults(package: ModuleType, module: str, name: str) -> list[str]:
    """Functions that do not answer for their arguments."""
    # what is cached and asked for in every formula checks for itself
    if (module, name) in {("inputs", "get"), ("inputs", "natural"), ("inputs", "value")}:
        return []
    member = getattr(load(package, module), name)
    methods = [m for n, m in vars(member).items() if not n.startswith("_")] if inspect.isclass(member) else [member]
    functions = [method for method in (getattr(one, "__func__", one) for one in methods) if inspect.isfunction(method)]
    lacking = [f for f in functions if inspect.signature(f).parameters and not hasattr(f, "__wrapped__")]
    return [f"{module}.{name} lacks @public"] * bool(lacking)


def page_faults(index: str, pages: Mapping[str, str], package: ModuleType) -> list[str]:
    """Modules with a face that the API page does not list, and public names that stand on no page, or that are not there."""
    listed = re.findall(r"^   ([a-z][\w.]*)$", index, re.M)
    faults = [
        f"{module} is listed twice on the API page" for module in sorted({name for name in listed if listed.count(name) > 1})
    ]
    faces = {module: set(getattr(load(package, module), "__all__", ())) for module in modules(package)}
    wanted = {module for module in faces if faces[module]}
    faults += [f"{module} is not on the API page" for module in sorted(wanted - set(listed))]
    faults += [f"{module} on the API page is no module" for module in sorted(set(listed) - wanted)]
    shown = {name for text in pages.values() for name in re.findall(rf"auto\w+:: {package.__name__}\.([\w.]+)", text)}
    public = wanted | {f"{module}.{name}" for module in wanted for name in faces[module]}
    return (
        faults
        + [f"{name} has no place on a page" for name in sorted(public - shown)]
        + [f"{name} on a page is not public" for name in sorted(shown - public)]
    )


def literal_faults(folder: Path) -> list[str]:
    """Masses and couplings written into the code."""
    faults = []
    for path in sorted(folder.rglob("*.py")):
        code = re.sub(r'r?"""[\s\S]*?"""', "", path.read_text(encoding="utf-8"))
        faults += [f"{path.relative_to(folder).as_posix()}: {number}" for number in _LITERALS.findall(code)]
    return faults


def private_faults(folder: Path) -> list[str]:
    """Underscore names that a module takes from another one; a module with an underscore may be taken."""
    faults = []
    for path in sorted(folder.rglob("*.py")):
        tree, place = ast.parse(path.read_text(encoding="utf-8")), path.relative_to(folder).as_posix()
        taken: dict[str, str] = {}  # local name of an imported module: how it is called

        def is_module(source: Path, name: str) -> bool:
            return (source / f"{name}.py").is_file() or (source / name / "__init__.py").is_file()

        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                parts = node.module.split(".") if node.module else []
                if node.level:
                    base = path.parents[node.level - 1]
                elif parts[:1] == [folder.name]:
                    base, parts = folder, parts[1:]
                else:
                    continue
                source = base.joinpath(*parts)
                for alias in node.names:
                    if is_module(source, alias.name):
                        taken[alias.asname or alias.name] = alias.name
                    elif alias.name.startswith("_"):
                        faults.append(f"{place}: {'.'.join(parts) or '.'}.{alias.name}")
            elif isinstance(node, ast.Import):
                own = [alias for alias in node.names if alias.name.split(".")[0] == folder.name]
                taken |= {alias.asname: alias.name for alias in own if alias.asname}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
                name = ast.unparse(node.value)
                if name in taken or name.split(".")[0] == folder.name:
                    faults.append(f"{place}: {name}.{node.attr}")
    return faults


def broken_contracts(lib: Path) -> list[str]:
    """Names of the import contracts of pyproject.toml that the packages in a folder break."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); from importlinter.cli import lint_imports as run; run(sys.argv[2], no_cache=True)"
    command = [sys.executable, "-c", code, str(lib), str(ROOT / "pyproject.toml")]
    environment = os.environ | {"PYTHONPATH": str(lib), "COLUMNS": "200"}
    result = subprocess.run(command, cwd=lib, capture_output=True, text=True, timeout=120, env=environment)
    assert re.search(r"^Contracts: \d+ kept, \d+ broken", result.stdout, re.M), result.stdout + result.stderr
    return re.findall(r"^(.+) BROKEN\b", result.stdout, re.M)
