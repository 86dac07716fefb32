"""What is committed beside the code: generated pages, stored outputs, data files, and the rooms that every chapter has."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pybtex.database import parse_file, parse_string
from pybtex.richtext import Text
from pybtex.scanner import PybtexSyntaxError

from bookkit import chapters, checks, generate, new, page, reference, run
from bookkit.build import lettered
from bookkit.chapters import ROOT
from bookkit.checks import CALCULATION, OUTCOMES
from darkhiggs import _data, inputs, units
from darkhiggs.errors import DataError

pytestmark = pytest.mark.house

NAMES = chapters.names()
DATA = sorted((ROOT / "lib/darkhiggs/data").glob("*.toml"))
BIBLIOGRAPHY = frozenset(parse_file(str(ROOT / "book/references.bib")).entries)
DEVIATIONS = frozenset(re.findall(r"^\((d\d+)\)=$", (ROOT / "book/deviations.md").read_text(encoding="utf-8"), re.M))
GENERATED = {
    "book/intro.md",
    "book/scope.md",
    "book/status.md",
    "book/inputs.md",
    "book/inputs_belle2.md",
    "book/_static/verdicts.json",
}

Notebook = nbformat.NotebookNode


def read(name: str, root: Path = ROOT) -> Notebook:
    return nbformat.read(root / chapters.path_of(name), as_version=4)


# --- generated pages


def stale(root: Path, scratch: Path) -> list[str]:
    """Generated files below a root that are not what its stored outputs give, or are there for nothing."""
    written = {path.relative_to(scratch).as_posix(): path for path in generate.write_pages(root, scratch)}
    found = [
        name for name, path in written.items() if not (root / name).is_file() or (root / name).read_bytes() != path.read_bytes()
    ]
    badges = (path.relative_to(root).as_posix() for path in (root / "book/_static/badges").iterdir())
    found += [name for name in badges if name not in written]
    text = (root / "README.md").read_text(encoding="utf-8")
    return sorted(found + ["README.md"] * (generate.readme(text, generate.records(root)) != text))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what is generated and of what it is generated from, to tamper with."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "book", root / "book")
    shutil.copyfile(ROOT / "README.md", root / "README.md")
    return root


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text and old != new
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def other(verdict: str) -> str:
    return next(word for word in OUTCOMES if word != verdict)


BADGES = {f"book/_static/badges/{word.replace(' ', '-')}.svg" for word in (*OUTCOMES, *CALCULATION)}


def test_generated_files_are_current(tmp_path: Path) -> None:
    assert stale(ROOT, tmp_path) == [], "run 'make reference'"


def test_every_generated_file_is_watched(repository: Path, tmp_path: Path) -> None:
    for name in (GENERATED - {"book/intro.md"}) | BADGES:
        (repository / name).write_text("by hand\n", encoding="utf-8")
    replace(repository / "book/intro.md", " statements of the talk that can be tested", " statements")
    assert set(stale(repository, tmp_path / "new")) == GENERATED | BADGES


def test_stale_verdict_fails(repository: Path, tmp_path: Path) -> None:
    """A chapter whose rows now come to something else, with pages that still print the old outcome."""
    record, row = next(
        (record, row)
        for record in generate.records(ROOT)
        for row in record["rows"]
        if row["outcome"] == "holds"
        and len(row["statements"]) == 1
        # the only row of its statement
        and sum(row["statements"][0] in other["statements"] for r in generate.records(ROOT) for other in r["rows"]) == 1
    )
    notebook = read(record["name"], repository)
    stored = run.check_record(notebook)
    assert stored is not None
    mine = next(r for r in stored["rows"] if r["key"] == row["key"])
    mine["outcome"], stored["talk"] = "fails", "fails"
    nbformat.write(notebook, repository / chapters.path_of(record["name"]))
    wanted = ["README.md", "book/_static/verdicts.json", "book/intro.md", "book/scope.md", "book/status.md"]
    assert stale(repository, tmp_path / "new") == wanted


@pytest.mark.parametrize("name", ["book/status.md", "book/scope.md", "book/_static/verdicts.json"])
def test_verdict_typed_by_hand_fails(name: str, repository: Path, tmp_path: Path) -> None:
    before = '"talk": "' if name.endswith("json") else '">'
    word = next(word for word in OUTCOMES if f"{before}{word}" in (repository / name).read_text(encoding="utf-8"))
    replace(repository / name, f"{before}{word}", f"{before}{other(word)}")
    assert stale(repository, tmp_path / "new") == [name]


def test_stale_badge_fails(repository: Path, tmp_path: Path) -> None:
    name = "book/_static/badges/holds.svg"
    (repository / name).write_text(generate.badge_svg("fails"), encoding="utf-8")
    assert stale(repository, tmp_path / "new") == [name]
    (repository / name).unlink()
    assert stale(repository, tmp_path / "newer") == [name]


def test_badge_without_verdict_fails(repository: Path, tmp_path: Path) -> None:
    shutil.copyfile(repository / "book/_static/badges/holds.svg", repository / "book/_static/badges/unicorn.svg")
    assert stale(repository, tmp_path / "new") == ["book/_static/badges/unicorn.svg"]


@pytest.mark.parametrize("text", ["![", " hold, "])
def test_stale_readme_fails(text: str, repository: Path, tmp_path: Path) -> None:
    """The table of verdicts, and the count of statements."""
    before, begin, rest = (repository / "README.md").read_text(encoding="utf-8").partition("<!-- verdicts")
    assert text in rest
    (repository / "README.md").write_text(before + begin + rest.replace(text, f"{text}x", 1), encoding="utf-8")
    assert stale(repository, tmp_path / "new") == ["README.md"]


def test_front_page_carries_the_count() -> None:
    count = generate.counted(generate.records(ROOT))
    for name in ("README.md", "book/intro.md", "book/status.md", "book/scope.md"):
        assert count in (ROOT / name).read_text(encoding="utf-8")


def test_readme_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the page has lost the markers "):
        generate.readme("# Title\n", generate.records(ROOT))


def test_stale_inputs_page_fails(repository: Path, tmp_path: Path) -> None:
    replace(repository / "book/inputs.md", "5.279406", "5.279407")
    assert stale(repository, tmp_path / "new") == ["book/inputs.md"]


def test_status_page_counts_the_rows() -> None:
    found = generate.records(ROOT)
    page = generate.status_page(found)
    for record in found:
        (line,) = (line for line in page.splitlines() if line.startswith(f"| [{record['title']}]("))
        counted = [row for row in record["rows"] if row["kind"] in ("published", "independent", "identity") and row["counted"]]
        differ = sum(not row["inside"] for row in counted)
        assert not counted or (f"{differ} of {len(counted)} rows" if "but for" in line else f"{len(counted)} rows)") in line
        for word, plural in (("holds", "hold"), ("open", "open"), ("fails", "fail")):
            number = sum(
                row["outcome"] == word for row in record["rows"] if row["kind"] in ("talk", "source") and not row["corrects"]
            )
            assert (f"{number} {plural}" in line) == (number > 0)


def test_stored_verdicts_follow_from_the_stored_rows() -> None:
    """The rules of the design, once more and from the printed rows alone."""
    for record in generate.records(ROOT):
        rows = record["rows"]
        mended = {(row["corrects"], row["deviation"]) for row in rows if row["corrects"] and row["inside"]}
        for row in rows:
            if row["kind"] not in ("talk", "source"):
                assert row["outcome"] == ("agrees" if row["inside"] else "differs")
            elif not row["counted"]:
                assert row["inside"] and row["outcome"] == "not a test"
            elif not row["inside"]:
                assert row["outcome"] == ("holds after a correction" if (row["key"], row["deviation"]) in mended else "fails")
            else:
                assert row["outcome"] in ("holds", "open", "holds after a correction")
                assert row["holds_for"] or row["outcome"] == "holds"
        mine = {row["outcome"] for row in rows if row["kind"] in ("talk", "source") and row["counted"] and not row["corrects"]}
        assert record["talk"] == next((word for word in OUTCOMES[3::-1] if word in mine), "not attempted")
        assert bool(record["reason"]) == (record["talk"] == "not attempted")
        counted = [row["inside"] for row in rows if row["kind"] in ("published", "independent", "identity") and row["counted"]]
        share = 1.0 - sum(counted) / len(counted) if counted else None
        wanted = (
            "not checked" if share is None else "agrees" if share == 0 else "agrees but for" if share <= 1 / 3 else "disagrees"
        )
        assert record["calculation"] == wanted, record["name"]


def test_verdicts_file_is_json_with_all_chapters_and_its_numbers_are_numbers() -> None:
    loaded = json.loads((ROOT / "book/_static/verdicts.json").read_text(encoding="utf-8"))
    assert [record["name"] for record in loaded] == list(NAMES)
    for record in loaded:
        assert record["talk"] in OUTCOMES and record["calculation"] in CALCULATION and record["rows"]
        numbers = [row[name] for row in record["rows"] for name in ("reference", "tolerance", "effect")]
        assert all(isinstance(number, (int, float)) for number in numbers)


# --- stored outputs


def output_findings(notebook: Notebook) -> list[str]:
    """What is missing from, or should not be in, the stored outputs; nbval passes a cell without any."""
    found = []
    counts = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        counts.append(cell.execution_count)
        if cell.execution_count is None:
            found.append(f"cell {number} has no execution count")
        if not cell.outputs and _shows(cell.source):
            found.append(f"cell {number} shows something but has no stored output")
        for output in cell.outputs:
            text = json.dumps(output)
            if output.output_type == "error" or output.get("name") == "stderr":
                found.append(f"cell {number} has stored an error or a warning")
            if "image/" in text:
                found.append(f"cell {number} has stored a picture")
            if path := re.search(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|var|Users)/[\w./-]*|\b[A-Z]:\\\\", text):
                found.append(f"cell {number} has stored the absolute path {path[0]}")
            if re.search(r"\bnp\.\w+\(|\b0x[0-9a-f]{6,}", text):
                found.append(f"cell {number} has stored the name of a NumPy type or an address")
    if counts != [*range(1, len(counts) + 1)] and None not in counts:
        found.append(f"execution counts are {counts}, not 1 to {len(counts)}")
    if run.check_record(notebook) is None:
        found.append("no check table is stored")
    return found


def _shows(source: str) -> bool:
    """Whether a cell plots, shows a table, or ends with a value."""
    body = ast.parse(source).body
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    value = last is not None and (not isinstance(last, ast.Call) or ast.unparse(last.func) == "Table")
    return value or bool({"display", "plt.show"} & calls) or any(call.endswith(".show") for call in calls)


def strip(notebook: Notebook) -> None:
    """Remove the stored outputs, as nbstripout and "Clear all outputs" do."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


@pytest.mark.parametrize("name", NAMES)
def test_stored_outputs_are_there(name: str) -> None:
    assert output_findings(read(name)) == [], "run 'make reference'"


@pytest.mark.parametrize("name", NAMES)
def test_stored_outputs_removed_fails(name: str) -> None:
    notebook = read(name)
    strip(notebook)
    codes = [number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    found = output_findings(notebook)
    assert {f"cell {number} has no execution count" for number in codes} <= set(found)
    assert sum("shows something" in finding for finding in found) >= 3
    assert "no check table is stored" in found


def _error(cell: Notebook) -> None:
    cell.outputs.append(new_output("error", ename="E", evalue="v", traceback=[]))


def _warning(cell: Notebook) -> None:
    cell.outputs.append(new_output("stream", name="stderr", text="UserWarning"))


def _picture(cell: Notebook) -> None:
    cell.outputs.append(new_output("display_data", data={"image/svg+xml": "<svg/>"}))


def _path(cell: Notebook) -> None:
    cell.outputs.append(new_output("stream", text="saved /home/me/book/a.csv"))


def _type(cell: Notebook) -> None:
    cell.outputs.append(new_output("stream", text="np.float64(0.1)"))


def _one_output(cell: Notebook) -> None:
    cell.outputs = []


def _count(cell: Notebook) -> None:
    cell.execution_count = 99


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_one_output, "shows something but has no stored output"),
        (_error, "has stored an error or a warning"),
        (_warning, "has stored an error or a warning"),
        (_picture, "has stored a picture"),
        (_path, "has stored the absolute path /home/me/book/a.csv"),
        (_type, "has stored the name of a NumPy type or an address"),
        (_count, "execution counts are"),
    ],
)
def test_single_fault_of_the_stored_outputs_is_found(change: Callable[[Notebook], None], finding: str) -> None:
    notebook = read(NAMES[0])
    change(next(cell for cell in notebook.cells if cell.cell_type == "code" and "Table(" in cell.source))
    (found,) = output_findings(notebook)
    assert finding in found


def test_nbval_holds_numbers_but_passes_stripped_cells(tmp_path: Path) -> None:
    """Why `output_findings` is needed: what is not stored, nbval does not compare."""
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for name, text in (("same", "4.97\n"), ("moved", "4.98\n"), ("stripped", None)):
        cell = new_code_cell(
            "print(4.97)", outputs=[new_output("stream", text=text)] if text else [], execution_count=1 if text else None
        )
        nbformat.write(new_notebook(cells=[cell], metadata=kernel), tmp_path / f"{name}.ipynb")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-q", "-rA", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    outcome = dict(re.findall(r"^(PASSED|FAILED) (?:.*/)?(\w+)\.ipynb", result.stdout, re.M)[i][::-1] for i in range(3))
    assert outcome == {"same": "PASSED", "moved": "FAILED", "stripped": "PASSED"}, result.stdout


# --- inputs


def entries() -> list[tuple[str, str]]:
    return [(label, name) for path in DATA for label, table in inputs.load(path).items() for name in table]


def entry_findings(name: str, entry: inputs.Quantity) -> list[str]:
    found = [] if len(entry.source.split()) >= 2 or entry.source in BIBLIOGRAPHY else [f"{name}: {entry.source!r} is no source"]
    try:
        units.convert(1.0, entry.unit, entry.unit)
    except ValueError as error:
        found.append(f"{name}: {error}")
    # a number that was computed and not published has a source, but no paper
    if entry.cite in BIBLIOGRAPHY or (name.startswith("independent.") and not entry.cite):
        return found
    return [*found, f"{name}: references.bib has no entry {entry.cite!r}"]


def test_every_input_has_source_unit_and_reference() -> None:
    loaded = [(name, entry) for path in DATA for table in inputs.load(path).values() for name, entry in table.items()]
    assert len(loaded) > 100
    assert [finding for name, entry in loaded for finding in entry_findings(name, entry)] == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"unit": "furlong"}, "x: unit = 'furlong' is not known"),
        ({"cite": ""}, "x: references.bib has no entry ''"),
        ({"cite": "Nobody99"}, "x: references.bib has no entry 'Nobody99'"),
        ({"source": "somewhere"}, "x: 'somewhere' is no source"),
    ],
)
def test_input_that_cannot_be_traced_is_found(change: dict[str, str], finding: str) -> None:
    entry = inputs.get("m_B+")
    (found,) = entry_findings("x", inputs.Quantity(**{**vars(entry), **change}))
    assert found.startswith(finding)


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_input_without_source_fails(path: Path, tmp_path: Path) -> None:
    """All sources of a real file removed: every entry is named, in one error."""
    sets = _data.read(path)
    names = [name for table in sets.values() for name, record in table.items() if "same_as" not in record]
    tampered = tmp_path / path.name
    for table in path.parent.glob("*.csv"):
        shutil.copy(table, tmp_path)
    tampered.write_text(re.sub(r"(?m)^source = .*\n", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        inputs.load(tampered)
    assert str(caught.value).splitlines() == [
        f"{path.name}: {len(names)} fault{'s' * (len(names) > 1)}",
        *(f"  {name}: has no source" for name in names),
    ]


def test_all_faults_of_a_data_file_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(
        '[a]\nvalue = 1.0\nunit = "GeV"\nsource = " "\n'
        '[b]\nvalue = nan\nunit = ""\nsource = "PDG"\nplus = 1.0\n'
        '[c]\nunit = "1"\nsource = "PDG"\ncolour = "red"\n'
        '[sets.belle2.d]\nvalue = "many"\nunit = "1"\n'
        "[sets.belle2]\ne = 3\n"
    )
    with pytest.raises(DataError) as caught:
        inputs.load(path)
    assert str(caught.value).splitlines() == [
        "bad.toml: 9 faults",
        "  a: has no source",
        "  b: has no unit",
        "  b: value is not a finite number",
        "  b: has one of plus and minus without the other",
        "  c: has no value",
        "  c: unknown field 'colour'",
        "  d: has no source",
        "  d: value is not a finite number",
        "  e: is not a table",
    ]


def test_data_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[a\n")
    with pytest.raises(DataError, match=r"^bad\.toml: is not valid TOML, "):
        inputs.load(path)


# --- the rooms of a chapter


def visible(text: str) -> str:
    """What a reader sees of Markdown, roughly: without comments, targets of links and the commands of TeX."""
    text = re.sub(r"<!--.*?-->|\]\([^)]*\)|\{\w+:\w+\}", "", text, flags=re.S)
    return " ".join(re.sub(r"\\[A-Za-z]+|[\[\]${}_^\\]", "", text).split())


def anatomy_findings(name: str, notebook: Notebook) -> list[str]:
    """What a chapter lacks of the plan that all chapters follow; the checklist of the README."""
    found: list[str] = []

    def want(holds: object, sentence: str) -> None:
        if not holds:
            found.append(sentence)

    text = [cell.source if cell.cell_type == "markdown" else "" for cell in notebook.cells]
    code = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
    prose = "\n".join(text)
    trees = {number: ast.parse(source) for number, source in enumerate(code) if source}
    nodes = [(number, node) for number, tree in trees.items() for node in ast.walk(tree)]
    calls = [(number, ast.unparse(node.func), node) for number, node in nodes if isinstance(node, ast.Call)]

    # 1. title, verdict, answer
    want(re.match(r"# \S.*\n", text[0]), "the first cell does not begin with the title, '# ...'")
    want(len(re.findall(r"^# ", prose, re.M)) == 1, "there is not exactly one title")
    want(re.search(r"<!-- verdict -->\n\n\S", text[0]), "the first cell has no '<!-- verdict -->' before the answer")
    want(prose.count(checks.BADGE) == 1, f"{checks.BADGE!r} does not stand in the text exactly once")
    want(page.title_and_reason(text[0])[1], "the first cell does not say why to read the chapter, '<!-- why: ... -->'")
    answer = len(visible(text[0].partition(checks.BADGE)[2]))
    want(80 <= answer <= 480, f"the answer has {answer} characters, not 80 to 480")
    want(
        not re.search(r"^Next: |^Downloads:|<!-- downloads", prose, re.M), "the build writes what comes next, and the downloads"
    )
    typed = r"verdict-|/badges/|(?i:\bverdict\b\W+(?:is\W+)?(?:" + "|".join((*OUTCOMES, *CALCULATION)) + "))"
    want(not re.search(typed, prose + "\n".join(code)), "a verdict or badge is typed by hand")
    # 2. equations with labels of this chapter
    labels = re.findall(r"^```\{math\}\n:label: (\S+)$", prose, re.M)
    want(labels, "no formula has a label: ```{math} with :label: eq:...")
    want(all(label.startswith("eq:") for label in labels), "a formula's label does not begin with 'eq:'")
    # 3. knobs
    tagged = [number for number, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    want(len(tagged) == 1, "there is not exactly one cell tagged 'parameters'")
    try:
        want(chapters.knobs(chapters.parameters_source(notebook)), "no knob is declared")
    except ValueError as error:
        found.append(str(error))
    # 4. calls into the library, no formulas
    starts = [
        number
        for number, func, node in calls
        if func == "chapters.start" and ast.unparse(node) == f"chapters.start('{name}', globals())"
    ]
    want(len(starts) == 1, f'chapters.start("{name}", globals()) is not called exactly once')
    defined = [node for _, node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    defined += [
        node for _, node in nodes if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Lambda)
    ]
    want(not defined, "a function is defined in the notebook; formulas belong into lib/darkhiggs")
    want(not any(func == "print" for _, func, _ in calls), "a chapter prints; results are tables")
    long = [line for source in code for line in source.splitlines() if len(line) > 75]
    want(not long, f"a line of code has more than 75 characters: {long[:1]}")
    tagged_hidden = [cell for cell in notebook.cells if {"hide-input", "remove-input"} & set(cell.metadata.get("tags", []))]
    want(not tagged_hidden, "a cell is tagged to hide its code; the build folds all of it")
    # 5. one figure, with curves
    figures = [(number, cell.metadata["mystnb"]) for number, cell in enumerate(notebook.cells) if "mystnb" in cell.metadata]
    want(len(figures) == 1, "there is not exactly one figure cell, with mystnb in its metadata")
    for _, settings in figures:
        figure, alt = settings.get("figure", {}), settings.get("image", {}).get("alt", "")
        want(re.fullmatch(r"fig:[a-z0-9-]+", figure.get("name", "")), "the figure's name is not 'fig:' and a word")
        want(len(figure.get("caption", "").split()) >= 5, "the figure has no caption")
        want(80 <= len(alt) <= 400, f"the alt text has {len(alt)} characters, not 80 to 400")
        want(alt != figure.get("caption", ""), "the alt text repeats the caption")
    want(any(func == "figures.show" for _, func, _ in calls), "the figure is not shown with figures.show")
    curves = [
        node.args[0].value
        for _, func, node in calls
        if func == "figures.save_curves" and isinstance(node.args[0], ast.Constant)
    ]
    want(curves, "the figure's curves are not saved with figures.save_curves")
    want(all(curve.startswith(name) for curve in curves), f"a file of curves has a name that does not begin with {name!r}")
    # 6. one check table
    tables = [
        number
        for number, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", [])
        if checks.parse(output.get("data", {})) is not None
    ]
    want(len(tables) == 1, "there is not exactly one check table")
    # 7., 8. the sections, in their order
    places = {}
    for title in ("What the talk states", "What to see", "Checks", "What moves it", "Known differences"):
        where = [number for number, source in enumerate(text) if re.search(rf"^## {title}", source, re.M)]
        want(len(where) == 1, f"there is not exactly one section '## {title}'")
        places[title] = where[0] if where else -1
    rooms = [0, places["What the talk states"], *tagged[:1], *starts[:1], *(number for number, _ in figures[:1])]
    rooms += [places["What to see"], places["Checks"], *tables[:1], places["What moves it"], places["Known differences"]]
    want(rooms == sorted(rooms), "the rooms are not in their order")
    want(not figures or places["What to see"] == figures[0][0] + 1, "'## What to see' does not follow the figure")
    # what it refers to
    record = run.check_record(notebook) or {"rows": []}
    cited = run.citations(notebook, record)
    want(cited, "nothing is cited; name the source of what is stated, {cite:p}`...`")
    unknown = [key for key in cited if key not in BIBLIOGRAPHY]
    want(not unknown, f"references.bib has no entry {', '.join(unknown)}")
    ids = {row["deviation"].lower() for row in record["rows"] if row["deviation"]} | set(re.findall(r"\(#(d\d+)\)", prose))
    want(ids <= DEVIATIONS, f"deviations.md has no {', '.join(sorted(ids - DEVIATIONS))}")
    want(all(row["source"] for row in record["rows"]), "a row of the check table has no source")
    want(notebook.metadata.get("kernelspec", {}).get("name") == "python3", "the kernel is not called python3")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_chapter_has_its_rooms(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert anatomy_findings(name, notebook) == []


def test_new_chapter_has_all_rooms_but_its_outputs() -> None:
    notebook = nbformat.reads(new.template("dark_photon"), as_version=4)
    nbformat.validate(notebook)
    assert anatomy_findings("dark_photon", notebook) == ["there is not exactly one check table"]


def code_cell(notebook: Notebook, part: str) -> Notebook:
    return next(cell for cell in notebook.cells if cell.cell_type == "code" and part in cell.source)


def edit(part: str, new: str) -> Callable[[Notebook], None]:
    """Replace a text wherever it stands in a notebook."""

    def change(notebook: Notebook) -> None:
        before = json.dumps(notebook)
        for cell in notebook.cells:
            cell.source = cell.source.replace(part, new)
        assert json.dumps(notebook) != before, f"{part!r} is not in the notebook"

    return change


def add(source: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook.cells.append(new_code_cell(source))


def say(source: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook.cells.append(new_markdown_cell(source))


def settings(notebook: Notebook) -> Notebook:
    return next(cell.metadata["mystnb"] for cell in notebook.cells if "mystnb" in cell.metadata)


def _table_twice(notebook: Notebook) -> None:
    cell = code_cell(notebook, "claims.table(")
    cell.outputs.append(cell.outputs[-1])


def _other_order(notebook: Notebook) -> None:
    number = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("## What moves it"))
    notebook.cells.insert(1, notebook.cells.pop(number))


def _see_elsewhere(notebook: Notebook) -> None:
    number = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith("## What to see"))
    notebook.cells.insert(number, new_markdown_cell("A word between."))


def _deviation(notebook: Notebook) -> None:
    record = run.check_record(notebook)
    assert record is not None
    record["rows"][0]["deviation"] = "D99"


def _cites_nothing(notebook: Notebook) -> None:
    for cell in notebook.cells:
        cell.source = re.sub(r"\{cite:[pt]\}`[^`]+`", "", cell.source)
        cell.metadata.get("mystnb", {}).get("figure", {}).pop("caption", "")
    record = run.check_record(notebook)
    assert record is not None
    for row in record["rows"]:
        row["cite"] = ""


def _curves(notebook: Notebook) -> None:
    cell = code_cell(notebook, "save_curves(")
    cell.source = cell.source.replace('"two_body"', '"curves"')


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (edit("# Two-body decay", "Two-body decay"), "the first cell does not begin with the title"),
        (say("# Another title"), "there is not exactly one title"),
        (edit("<!-- verdict -->", ""), "'<!-- verdict -->' does not stand"),
        (edit("<!-- verdict -->", "**Verdict: holds**"), "a verdict or badge is typed by hand"),
        (say("![x](../_static/badges/two_body.svg)"), "a verdict or badge is typed by hand"),
        (say('<span class="verdict verdict-holds">fine</span>'), "a verdict or badge is typed by hand"),
        (edit("<!-- why: ", "<!-- "), "the first cell does not say why to read the chapter"),
        (lambda n: n.cells[0].update(source=n.cells[0].source + " More." * 80), "the answer has "),
        (say("Next: [the plane](z_plane.ipynb)"), "the build writes what comes next"),
        (add("print(1)"), "a chapter prints"),
        (add("x = '" + 70 * "x" + "'"), "a line of code has more than 75 characters"),
        (lambda n: code_cell(n, "import numpy").metadata.update(tags=["hide-input"]), "a cell is tagged to hide its code"),
        (edit("figures.show(", "plt.show("), "the figure is not shown with figures.show"),
        (edit("## What to see", "## The figure"), "there is not exactly one section '## What to see'"),
        (_see_elsewhere, "'## What to see' does not follow the figure"),
        (edit(":label: eq:", ":nolabel: eq:"), "no formula has a label"),
        (edit(":label: eq:", ":label: "), "a formula's label does not begin with 'eq:'"),
        (
            lambda n: code_cell(n, "br_target = 1.8e-5").metadata.update(tags=[]),
            "there is not exactly one cell tagged 'parameters'",
        ),
        (edit("# GeV, 0.4 to 4.3: mass", "# mass"), "a knob needs a comment"),
        (edit("m_h1 = 2.0  #", "m_h1 = 9.0  #"), "m_h1 = 9 GeV is outside its range [0.4, 4.3] GeV"),
        (edit('chapters.start("two_body"', 'chapters.start("excess"'), 'chapters.start("two_body", globals()) is not called'),
        (add("def rate(x):\n    return 2 * x"), "a function is defined in the notebook"),
        (add("rate = lambda x: 2 * x"), "a function is defined in the notebook"),
        (lambda n: code_cell(n, "figures.show(").metadata.pop("mystnb"), "there is not exactly one figure cell"),
        (lambda n: settings(n).figure.update(name="two-body"), "the figure's name is not 'fig:' and a word"),
        (lambda n: settings(n).figure.pop("caption"), "the figure has no caption"),
        (lambda n: settings(n).image.update(alt="a plot"), "the alt text has 6 characters"),
        (lambda n: settings(n).pop("image"), "the alt text has 0 characters"),
        (lambda n: settings(n).image.update(alt="x" * 401), "the alt text has 401 characters"),
        (lambda n: settings(n).figure.update(caption=settings(n).image.alt), "the alt text repeats the caption"),
        (edit("figures.save_curves(", "print("), "the figure's curves are not saved"),
        (
            _curves,
            "a file of curves has a name that does not begin with 'two_body'",
        ),
        (_table_twice, "there is not exactly one check table"),
        (strip, "there is not exactly one check table"),
        (edit("## What the talk states", "## The talk"), "there is not exactly one section '## What the talk states'"),
        (edit("## Checks", "Checks"), "there is not exactly one section '## Checks'"),
        (edit("## What moves it", "## More"), "there is not exactly one section '## What moves it'"),
        (edit("## Known differences", "## Differences"), "there is not exactly one section '## Known differences'"),
        (_other_order, "the rooms are not in their order"),
        (_cites_nothing, "nothing is cited; name the source"),
        (say("as in {cite:p}`Nobody99`"), "references.bib has no entry Nobody99"),
        (_deviation, "deviations.md has no d99"),
        (say("see [D98](#d98)"), "deviations.md has no d98"),
        (lambda n: n.metadata.kernelspec.update(name="mine"), "the kernel is not called python3"),
    ],
)
def test_chapter_without_a_room_fails(change: Callable[[Notebook], object], finding: str) -> None:
    notebook = read("two_body")
    change(notebook)
    found = anatomy_findings("two_body", notebook)
    assert any(line.startswith(finding) for line in found), found


def test_every_label_belongs_to_one_chapter() -> None:
    """Equations and figures share one space of names in the book."""
    labels = [
        label for name in NAMES for label in re.findall(r":label: (\S+)", "\n".join(cell.source for cell in read(name).cells))
    ]
    labels += [settings(read(name)).figure.name for name in NAMES]
    assert len(labels) == len(set(labels))


def test_every_chapter_is_in_the_table_of_contents() -> None:
    committed = {path.stem for path in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
    assert committed == set(NAMES)


# --- figures


@pytest.mark.parametrize("name", NAMES)
def test_figure_has_caption_and_alt_text(name: str) -> None:
    from bookkit import audit

    assert audit.figure_findings(read(name)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda n: settings(n).pop("image"),
        lambda n: settings(n).image.pop("alt"),
        lambda n: settings(n).image.update(alt=" "),
        lambda n: settings(n).image.update(alt="too short"),
        lambda n: settings(n).image.update(alt="x " * 201),
        lambda n: settings(n).figure.update(caption=settings(n).image.alt.upper()),
        lambda n: settings(n).figure.pop("caption"),
        lambda n: settings(n).figure.pop("name"),
        lambda n: code_cell(n, "figures.show(").metadata.pop("mystnb"),
    ],
)
def test_figure_without_alt_fails(change: Callable[[Notebook], object]) -> None:
    from bookkit import audit

    notebook = read("two_body")
    change(notebook)
    assert audit.figure_findings(notebook) != []


# --- one notebook at two parameter sets


@pytest.mark.parametrize("name", [name for name in NAMES if "darkhiggs" in read(name).metadata])
def test_chapter_that_runs_another_has_its_code(name: str) -> None:
    wanted, there = ([cell.source for cell in book.cells] for book in (reference.followed(name), read(name)))
    assert there == wanted, f"run 'make reference NAME={name}'"


def test_code_of_the_other_chapter_is_taken_with_other_parameters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "_toc.yml", tmp_path / "_toc.yml")
    shutil.copytree(ROOT / "book/chapters", tmp_path / "book/chapters")
    for module in (reference, chapters):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    source = tmp_path / chapters.path_of("windows_a")
    replace(source, "np.geomspace(", "np.logspace(")
    mine = "\n".join(cell.source for cell in reference.followed("windows_b").cells if cell.cell_type == "code")
    assert "np.logspace(" in mine and 'benchmark = "B"  #' in mine
    replace(source, "benchmark = ", "point = ")
    with pytest.raises(run.ChapterError, match=r"^chapter windows_a, which windows_b runs, has no parameter benchmark$"):
        reference.followed("windows_b")


def test_bibliography_can_be_printed() -> None:
    """What the pages would stop at: an article without its journal, a comment sign or a brace that TeX would take for one."""
    faults = []
    for key, entry in parse_file(str(ROOT / "book/references.bib")).entries.items():
        if entry.type == "article" and "journal" not in entry.fields:
            faults.append(f"{key}: an article without a journal; make it @misc")
        for field, text in entry.fields.items():
            try:
                Text.from_latex(text)
            except PybtexSyntaxError as error:
                faults.append(f"{key}: {field} is no LaTeX, {error}")
    assert not faults


def test_papers_that_would_be_cited_alike_get_letters() -> None:
    papers = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    years, shown = (
        {key: entry.fields["year"] for key, entry in parse_string(text, "bibtex").entries.items()}
        for text in (papers, lettered(papers))
    )
    assert [shown[key] for key in ("HPQCD22", "HPQCD22B", "HeJoshi91", "HeJoshi91b")] == ["2023a", "2023b", "1991a", "1991b"]
    assert 8 <= sum(shown[key] != year for key, year in years.items()) < len(years) / 2
    assert all(shown[key].rstrip("abcdefgh") == year for key, year in years.items())
    assert lettered(lettered(papers)) == lettered(papers)
