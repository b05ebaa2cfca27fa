"""The project's own tree, as these tests read it, and copies of it to break."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "shared", "deploy")


def python_files(*folders: str) -> Iterator[Path]:
    """Yield every Python file of *folders*, in order."""
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the code and the configuration, in which a test may do wrong."""

    root: Path

    @classmethod
    def into(cls, root: Path) -> "Copy":
        """Copy what the checks read, and nothing else, into the empty folder *root*."""
        shutil.copy(ROOT / "pyproject.toml", root)
        for path in python_files(*PACKAGES):
            target = root / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        return cls(root)

    def add(self, path: str, text: str) -> None:
        """Add a file to the copy, in a package of its own if need be."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'"""A violation, on purpose."""\n\n{text}\n')

    def spoil(self, module: str, text: str) -> str:
        """Add *text* to the dotted *module*, be it a file or a package, and return the module that now holds it."""
        path = self.root / module.replace(".", "/")
        file, holder = (path / "bite.py", f"{module}.bite") if path.is_dir() else (path.with_suffix(".py"), module)
        with file.open("a") as end:
            end.write(f"\n{text}\n")
        return holder

    def remove(self, module: str) -> None:
        """Take the dotted *module* away, be it a file or a package."""
        path = self.root / module.replace(".", "/")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.with_suffix(".py").unlink()

    def run(self, tool: str, *arguments: str) -> tuple[int, str]:
        """Run one of the environment's *tool*s in the copy and return its exit code and everything it said."""
        command = [str(Path(sys.executable).parent / tool), *arguments]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
