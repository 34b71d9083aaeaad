# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files under inspection, the findings about them, and the list of rules."""

import functools
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import csource

RULES = {}          # name -> (function, what the rule is for)


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    advice: str     # what is wrong and what to do


class Skipped(Exception):
    """Raised by a rule that cannot run on this machine; the text says why."""


def rule(name, purpose):
    def register(function):
        RULES[name] = (function, purpose)
        return function
    return register


class Tree:
    """The project's own files: tracked ones, and new ones that git would not ignore."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.files = sorted(self._list())
        self._sources = {}

    def _list(self):
        if (self.root / ".git").exists():
            listing = subprocess.run(
                ["git", "-c", "safe.directory=*", "-C", str(self.root), "ls-files", "-z",
                 "--cached", "--others", "--exclude-standard"],
                capture_output=True, text=True, check=True).stdout
            names = listing.split("\0")
        else:
            names = [os.path.relpath(os.path.join(folder, name), self.root)
                     for folder, folders, files in os.walk(self.root) for name in files]
            names = [n for n in names if not re.match(r"(build|_build|\.git)", n) and "__pycache__" not in n]
        return {n for n in names if n and (self.root / n).is_file()}

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def source(self, path):
        if path not in self._sources:
            self._sources[path] = csource.SourceFile(self.text(path))
        return self._sources[path]

    def select(self, *folders, suffixes=(".c", ".h")):
        """The files below the folders (all when none is named) with one of the suffixes."""
        return [f for f in self.files if f.endswith(suffixes)
                and (not folders or f.startswith(tuple(d + "/" for d in folders)))]

    def product(self):
        return self.select("core", "backends", "plugins")

    @functools.cached_property
    def sdk_functions(self):
        """The names of the functions that the installed headers declare."""
        return {e.name for f in self.select("core/sdk") if f.endswith(".h")
                for e in self.source(f).externals if e.kind in ("prototype", "function")}

    @functools.cached_property
    def enum_constants(self):
        names = set()
        for path in self.select():
            tokens = self.source(path).tokens
            for i, token in enumerate(tokens):
                if token.text == "enum":
                    at = next((j for j in (i + 1, i + 2) if j < len(tokens) and tokens[j].text == "{"), None)
                    if at is not None:
                        names |= {a[0].text for a in csource.split_arguments(tokens, at) if a}
        return names

    def waiver(self, finding, name):
        """True when the code says `lint: allow RULE: reason` on the line or the one above."""
        lines = self.text(finding.path).split("\n")
        pattern = re.compile(r"lint: allow " + re.escape(name) + r": \w+ \w+ \w+")
        return any(pattern.search(lines[n - 1]) for n in (finding.line, finding.line - 1) if 0 < n <= len(lines))


def check(tree, name):
    """The findings of one rule without the waived ones, and the number of those."""
    found = sorted(set(RULES[name][0](tree)))
    kept = [f for f in found if not tree.waiver(f, name)]
    return kept, len(found) - len(kept)
