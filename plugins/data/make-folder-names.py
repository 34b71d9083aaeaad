#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the C table of plugins/folder-names.h from folder-names.txt: make-folder-names.py TEXT C_FILE"""

import re
import sys

ROLES = ("sent", "drafts", "junk", "trash", "archive")
HEAD = """/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Made by make-folder-names.py from folder-names.txt. */
#include "shared/folder-names.h"

const FolderName folder_names[] = {
"""


def rows(path):
    """(language, role or None, name) in the order of the file; what is no such line stops the build."""
    language = None
    with open(path, encoding="utf-8", newline="") as text:
        for number, line in enumerate(text.read().split("\n"), 1):
            if line == "" or line.startswith("#"):
                continue
            section = re.fullmatch(r"\[([A-Za-z-]+)\]", line)
            if section:
                language = section.group(1)
                continue
            role, colon, names = line.partition(": ")
            if language == "ambiguous":
                role, colon, names = None, ":", line
            if language is None or not colon or (role is not None and role not in ROLES):
                sys.exit(f"{path}:{number}: neither a [language] nor a role with names")
            for name in names.split("; "):
                if name == "" or name != name.strip() or re.search(r'[;\x00-\x1f"\\]', name):
                    sys.exit(f"{path}:{number}: '{name}' is no name")
                yield language, role, name


def main():
    source, target = sys.argv[1:]
    with open(target, "w", encoding="utf-8", newline="\n") as out:
        out.write(HEAD)
        for language, role, name in rows(source):
            use = f"HAUL_USE_{role.upper()}" if role else "0"
            out.write(f'  {{ "{language}", {use}, "{name}" }},\n')
        out.write("  { NULL, 0, NULL },\n};\n")


if __name__ == "__main__":
    main()
