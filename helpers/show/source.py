"""Show a part of a job's script in a lesson: functions or tables by name, from the very file that the job runs."""

from __future__ import annotations

import ast

from helpers import PROJECT


class Source:
    """A piece of a Python file: Jupyter shows it as highlighted code, a terminal as text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def show(path: str, *names: str) -> Source:
    """The definitions of `names` in a file of the course, in the order asked for, each under its line numbers.

    A name is that of a function, a class or a constant at the top level; the script itself is not imported or run.

    Raises:
        LookupError: the file defines no such name; says which names it has.
    """
    text = (PROJECT / path).read_text(encoding="utf-8")
    lines, found = text.splitlines(), _definitions(ast.parse(text))
    pieces = []
    for name in names:
        if name not in found:
            raise LookupError(f"{path} does not define {name!r}; it has {', '.join(found)}.")
        first, last = found[name]
        pieces.append("\n".join([f"# {path}, lines {first}-{last}", *lines[first - 1 : last]]))
    return Source("\n\n".join(pieces))


def _definitions(module: ast.Module) -> dict[str, tuple[int, int]]:
    """Name -> first and last line, decorators included."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = first, node.end_lineno or first
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node.lineno, node.end_lineno or node.lineno
    return found
