"""Mutants of the physics: the edits, made from the syntax tree or named in named.toml.

A mutant replaces one piece of one file of lib/darkhiggs, on one line.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PHYSICS = ("identity", "independent", "published", "talk")  # the kinds that are not snapshots
WRONG_LIBRARY = 99  # exit status of a pytest that imported another library than the mutant

OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.Lt: ("<", ">="),
    ast.GtE: (">=", "<"),
    ast.Gt: (">", "<="),
    ast.LtE: ("<=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
# ranges that are only validated, sizes and numbers of iterations: an edit there is equivalent, or says nothing
UNTOUCHED_CALLS = {"checked", "choice", "range", "legendre", "zeros", "ones", "full", "eye", "enumerate"}
# a bare number here is a placeholder for points that are masked out
MASKING_CALLS = {"where", "maximum", "minimum", "clip"}
NUMBERS = {"Array", "NDArray", "ndarray", "float", "int", "complex", "Any"}
HOLDERS = {"Quantity", "Curve"}
TINY = 1e-6
ARITHMETIC, OTHER, STRUCTURE, MINUS = range(4)
Span = tuple[int, int]


class Broken(SystemExit):
    """A sentence that ends the run."""


@dataclass(frozen=True)
class Mutant:
    """One edit: bytes `start` to `end` of `file` (relative to lib/darkhiggs) become `new`."""

    file: str
    where: str
    line: int
    shown: str
    start: int
    end: int
    new: bytes
    named: bool = False

    @property
    def label(self) -> str:
        return f"{self.where}  {self.shown}"

    @property
    def module(self) -> str:
        """What tests are mapped to: the module's name, or data/<file>."""
        return self.file.removesuffix(".py").removesuffix(".toml")

    def apply(self, folder: Path) -> None:
        path = folder / self.file
        text = path.read_bytes()
        path.unlink()  # the file may have a second name elsewhere
        path.write_bytes(text[: self.start] + self.new + text[self.end :])
        Path(cache_from_source(str(path))).unlink(missing_ok=True)


@dataclass(frozen=True)
class Edit:
    """A possible edit; the lower the rank the better."""

    rank: int
    start: int
    end: int
    new: bytes
    line: int
    around: Span  # what to print


def _is_sign(node: ast.AST) -> bool:
    """Say whether an operand is a sign, +1 or -1: to multiply and to divide by it are the same."""
    power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.left) == "-1.0"
    return power or any(isinstance(n, ast.Name) and n.id == "sign" for n in ast.walk(node))


class Module:
    """A parsed source file and its possible edits, in byte offsets."""

    def __init__(self, path: Path, file: str) -> None:
        self.file, self.text = file, path.read_bytes()
        self.tree = ast.parse(self.text)
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> Span:
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef]]:
        """Walk all functions, methods and nested functions with their dotted names."""

        def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
            for child in ast.iter_child_nodes(node):
                named = isinstance(child, ast.FunctionDef | ast.ClassDef)
                name = f"{prefix}.{child.name}" if named else prefix
                if isinstance(child, ast.FunctionDef):
                    yield name, child
                yield from walk(child, name)

        yield from walk(self.tree, self.file.removesuffix(".py").replace("/", "."))

    def _operator(self, left: ast.AST, right: ast.AST, operator: ast.AST, rank: int) -> Iterator[Edit]:
        """Find the operator between its two operands; only brackets and blanks may stand beside it."""
        old, new = OPERATORS[type(operator)]
        low, high = self.span(left)[1], self.span(right)[0]
        match = re.fullmatch(rf"[\s)]*({re.escape(old)})[\s(]*".encode(), self.text[low:high])
        if match:
            start = low + match.start(1)
            around = self.span(left)[0], self.span(right)[1]
            yield Edit(rank, start, start + len(old), new.encode(), self.text.count(b"\n", 0, start) + 1, around)

    def _number(self, node: ast.Constant, rank: int, within: ast.AST | None = None) -> Iterator[Edit]:
        if type(node.value) not in (int, float) or 0.0 < abs(node.value) < TINY:
            return
        new = node.value + 1 if type(node.value) is int or node.value == 0.0 else 2.0 * node.value
        yield Edit(rank, *self.span(node), repr(new).encode(), node.lineno, self.span(within or node))

    def edits(self, node: ast.AST, top: bool = True) -> Iterator[Edit]:
        """All edits below a node that change a number and leave messages, sizes and nested functions alone."""
        if isinstance(node, ast.FunctionDef):
            if top:
                for child in node.body:
                    yield from self.edits(child, False)
            return
        skip: list[ast.AST] = []
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.ClassDef | ast.AugAssign):
            return
        if isinstance(node, ast.Return) and node.value is not None:
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
            value = value.body if isinstance(value, ast.Lambda) else value
            yield Edit(MINUS, self.span(value)[0], self.span(value)[0], b"-", value.lineno, self.span(node))
        if isinstance(node, ast.AnnAssign):
            skip = [node.annotation]
        elif isinstance(node, ast.Subscript):
            skip = [node.slice]
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in UNTOUCHED_CALLS:
                return
            skip = [k for k in node.keywords if not any(isinstance(n, ast.BinOp) for n in ast.walk(k.value))]
            skip += [a for a in node.args if isinstance(a, ast.Constant) and called in MASKING_CALLS]
        elif isinstance(node, ast.BinOp):
            skip = yield from self._binary(node)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            text = any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(node))
            rank = STRUCTURE if text or not isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE) else OTHER
            yield from self._operator(node.left, node.comparators[0], node.ops[0], rank)
            skip = [n for n in (node.left, *node.comparators) if isinstance(n, ast.Constant)]
        elif isinstance(node, ast.If) and all(isinstance(n, ast.Raise) for n in node.body):
            skip = [node.test]
        elif isinstance(node, ast.Constant):
            yield from self._number(node, OTHER if type(node.value) is float else STRUCTURE)
        for child in ast.iter_child_nodes(node):
            if not any(child is other for other in skip):
                yield from self.edits(child, False)

    def _binary(self, node: ast.BinOp) -> Iterator[Edit]:
        """Edits of one arithmetic operation; returns the operands that are dealt with."""
        sides = (node.left, node.right)
        zero = any(isinstance(n, ast.Constant) and not isinstance(n.value, str) and abs(n.value) == 0 for n in sides)
        text = any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in sides)
        if zero or text or any(isinstance(n, ast.JoinedStr | ast.List | ast.Dict | ast.Set | ast.Tuple) for n in sides):
            return list(sides)
        if isinstance(node.op, ast.Pow):
            start, end = self.span(node.right)
            if isinstance(node.right, ast.Constant):
                yield Edit(ARITHMETIC, start, end, repr(node.right.value + 1).encode(), node.right.lineno, self.span(node))
            elif isinstance(node.right, ast.Name):
                yield Edit(ARITHMETIC, start, end, b"(" + self.text[start:end] + b" + 1)", node.right.lineno, self.span(node))
            return [node.right]
        if type(node.op) in OPERATORS and not any(_is_sign(n) for n in sides):
            yield from self._operator(*sides, node.op, ARITHMETIC)
            for side in sides:
                if isinstance(side, ast.Constant):
                    yield from self._number(side, ARITHMETIC, node)
        return [n for n in sides if isinstance(n, ast.Constant)]

    def return_path(self, function: ast.FunctionDef) -> list[Span]:
        """Spans of the last return and, going back, of the assignments that made what it returns."""
        own = [n for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]
        statement: ast.stmt | None = max(own, key=lambda n: n.lineno, default=None)
        spans: list[Span] = []
        if statement is None:  # the function works by its side effects
            return spans
        assignments = [n for n in ast.walk(function) if isinstance(n, ast.Assign | ast.AnnAssign) and n.value is not None]
        for _ in range(6):
            spans.append(self.span(statement.value))
            used = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)}
            before = [
                a
                for a in assignments
                if a.lineno < statement.lineno
                and used & {n.id for n in ast.walk(a) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            ]
            if not before:
                break
            statement = max(before, key=lambda n: n.lineno)
        return spans

    def choose(self, function: ast.FunctionDef) -> list[Edit]:
        """Choose up to two edits: the first in the return path, and one in the middle of the rest."""
        pool = sorted(self.edits(function), key=lambda e: e.start)
        best = [e for e in pool if e.rank == ARITHMETIC]
        if len(best) < 2:
            best = [e for e in pool if e.rank <= OTHER]
        if not best:
            best = [e for e in pool if e.rank == STRUCTURE] or [e for e in pool if e.rank == MINUS]
            return best[:1]
        path = [[e for e in best if low <= e.start < high] for low, high in self.return_path(function)]
        first = next((edits[0] for edits in path if edits), best[-1])
        rest = [e for e in best if e.line != first.line] or [e for e in best if e is not first]
        return [first, *rest[len(rest) // 2 :][:1]]

    def mutant(self, name: str, edit: Edit) -> Mutant:
        start, end = edit.around
        if end - start > 60 or b"\n" in self.text[start:end] or (start, end) == (edit.start, edit.end):
            # too long or too short to print: some 15 characters on both sides, to the ends of the words
            start, end = max(self.starts[edit.line - 1], edit.start - 15), min(self.starts[edit.line] - 1, edit.end + 15)
            while self.text[start - 1 : start].isalnum() or self.text[start - 1 : start] in b"_.":
                start -= 1
            while self.text[end : end + 1].isalnum() or self.text[end : end + 1] in b"_.":
                end += 1
        before, old, after = self.text[start : edit.start], self.text[edit.start : edit.end], self.text[edit.end : end]
        shown = " -> ".join(f"'{(before + middle + after).decode().strip()}'" for middle in (old, edit.new))
        return Mutant(self.file, name, edit.line, shown, edit.start, edit.end, edit.new)


def reason_to_skip(module: Module, function: ast.FunctionDef) -> str:
    """Why a function does not return a number; empty if it does.

    The return annotation decides: an array, a number or a container of them. `Quantity` and `Curve` hold numbers;
    a function that returns one counts if it computes something.
    """
    if function.returns is None:
        return "has no return annotation"
    shown = ast.unparse(function.returns)
    words = set(re.findall(r"\w+", shown))
    if words & NUMBERS:
        return ""
    if not words & HOLDERS:
        return f"returns {shown}"
    return "" if any(e.rank == ARITHMETIC for e in module.edits(function)) else f"returns {shown} and computes nothing"


def modules(package: Path) -> list[Module]:
    return [Module(path, path.relative_to(package).as_posix()) for path in sorted(package.rglob("*.py"))]


def automatic(package: Path) -> tuple[list[Mutant], list[str], list[tuple[str, str]]]:
    """Mutants from the syntax trees; functions that return a number but got none; functions skipped, with reason."""
    mutants: list[Mutant] = []
    without: list[str] = []
    skipped: list[tuple[str, str]] = []
    for module in modules(package):
        for name, function in module.functions():
            if reason := reason_to_skip(module, function):
                skipped.append((name, reason))
                continue
            edits = module.choose(function)
            mutants += [module.mutant(name, edit) for edit in edits]
            if not edits:
                without.append(name)
    return mutants, without, skipped


def named(package: Path, table: Path = HERE / "named.toml") -> list[Mutant]:
    """Mutants of named.toml; each `old` must occur exactly once."""
    found: list[Mutant] = []
    for entry in tomllib.loads(table.read_text(encoding="utf-8"))["mutant"]:
        text, old = (package / entry["file"]).read_bytes(), entry["old"].encode()
        if text.count(old) != 1:
            raise Broken(f"mutants: {table.name}: {entry['old']!r} occurs {text.count(old)} times in {entry['file']}, not once")
        start = text.index(old)
        old_lines, new_lines = entry["old"].split("\n"), entry["new"].split("\n")
        changed = [i for i, pair in enumerate(zip(old_lines, new_lines, strict=False)) if pair[0] != pair[1]]
        if len(old_lines) != len(new_lines) or len(changed) != 1:
            raise Broken(f"mutants: {table.name}: {entry['description']!r} does not change exactly one line")
        line = text.count(b"\n", 0, start) + 1 + changed[0]
        where = entry["file"].removesuffix(".py").removesuffix(".toml").replace("/", ".")
        shown = f"{entry['description']}: '{old_lines[changed[0]].strip()}' -> '{new_lines[changed[0]].strip()}'"
        found.append(Mutant(entry["file"], where, line, shown, start, start + len(old), entry["new"].encode(), True))
    return found


def accepted(table: Path = HERE / "survivors.toml") -> dict[str, str]:
    """Label of each accepted survivor, and why it may live."""
    entries = tomllib.loads(table.read_text(encoding="utf-8")).get("survivor", [])
    return {entry["mutant"]: entry["reason"] for entry in entries}
