# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads C well enough for the lint rules: tokens, comments, directives, functions, statements.

It is no compiler: macros are not expanded, and of `#if … #else … #endif` only the first branch
counts for the structure (all branches count for the tokens)."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"""
    (?P<space>[ \t\f\r\v]+|\\\r?\n)
  | (?P<newline>\n)
  | (?P<comment>/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*)
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*(?:"|(?=\n)|\Z))
  | (?P<char>[uUL]?'(?:\\.|[^'\\\n])*(?:'|(?=\n)|\Z))
  | (?P<ident>[A-Za-z_]\w*)
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
  | (?P<punct>\.\.\.|->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\#\#|[-+*/%&|^]=|.)
""", re.VERBOSE | re.DOTALL)

OPENERS = {"(": ")", "[": "]", "{": "}"}
CLOSERS = set(OPENERS.values())
CONTROLS = ("for", "while", "switch")


@dataclass
class Token:
    kind: str
    text: str
    line: int

    @property
    def last_line(self):
        return self.line + self.text.count("\n")


@dataclass
class Directive:
    """One preprocessor line with its continuations; body: the tokens after the name."""
    name: str
    body: list
    line: int
    last_line: int

    @property
    def include(self):
        """('<' or '"', path) of an #include, else None."""
        if self.name != "include" or not self.body:
            return None
        if self.body[0].kind == "string":
            return '"', self.body[0].text.strip('"')
        return "<", "".join(t.text for t in self.body).strip("<>")


@dataclass
class Statement:
    """kind: block if for while switch do macro-loop return break simple; tokens: its head."""
    kind: str
    tokens: list
    line: int
    children: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    parent: object = None
    depth: int = 0

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class External:
    """A declaration or definition at file scope. head: the tokens before the body or the ';'."""
    kind: str        # function prototype type variable macro
    name: str
    head: list
    line: int
    last_line: int
    body: list = field(default_factory=list)
    name_line: int = 0

    @property
    def is_static(self):
        return any(t.text == "static" for t in self.head)

    @property
    def returns_void(self):
        texts = [t.text for t in self.head]
        return "void" in texts[:texts.index(self.name)] and "*" not in texts[:texts.index(self.name)]


def tokenize(text, line=1):
    for match in TOKEN.finditer(text):
        token = Token(match.lastgroup, match.group(), line)
        line += token.text.count("\n")
        yield token


def skip_group(tokens, at):
    """The index after the group that tokens[at] opens; len (tokens) when it is not closed."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].text in OPENERS and tokens[i].kind == "punct":
            depth += 1
        elif tokens[i].text in CLOSERS and tokens[i].kind == "punct":
            depth -= 1
            if depth == 0:
                return i + 1
    return len(tokens)


def split_arguments(tokens, at):
    """The arguments, as lists of tokens, of the call whose '(' is tokens[at]."""
    end = skip_group(tokens, at)
    arguments, current, i = [], [], at + 1
    while i < end - 1:
        if tokens[i].text in OPENERS and tokens[i].kind == "punct":
            after = skip_group(tokens, i)
            current += tokens[i:after]
            i = after
            continue
        if tokens[i].text == ",":
            arguments.append(current)
            current = []
        else:
            current.append(tokens[i])
        i += 1
    if current or arguments:
        arguments.append(current)
    return arguments


def calls(tokens, names=None):
    """(index, name token) of every call of a plain function, or of those in names."""
    for i, token in enumerate(tokens[:-1]):
        if token.kind == "ident" and tokens[i + 1].text == "(" and (not names or token.text in names):
            if i == 0 or tokens[i - 1].text not in (".", "->"):
                yield i, token


def literal_of(tokens):
    """The text of an argument that consists of string literals (and macros such as PRIu64)."""
    if not any(t.kind == "string" for t in tokens) or any(t.kind == "punct" for t in tokens):
        return None
    return "".join(re.sub(r'^\w*"|"$', "", t.text) if t.kind == "string" else "%u" for t in tokens)


class SourceFile:
    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        self.tokens, self.comments, self.directives = [], [], []
        self.structure = []          # the tokens without the #else branches
        self._read(text)
        self.externals = list(self._externals())
        self.functions = [e for e in self.externals if e.kind == "function"]

    def _read(self, text):
        skipping, stack, fresh, directive = 0, [], True, None
        for token in tokenize(text):
            if token.kind == "newline":
                if directive:
                    self._end_directive(directive, stack, token.line)
                    skipping = sum(stack)
                directive, fresh = None, True
            elif token.kind == "comment":
                self.comments.append(token)
            elif token.kind == "space":
                continue
            elif directive is not None:
                directive.append(token)
            elif fresh and token.text == "#":
                directive = [token]
            else:
                fresh = False
                self.tokens.append(token)
                if not skipping:
                    self.structure.append(token)
        if directive:
            self._end_directive(directive, stack, len(self.lines))

    def _end_directive(self, tokens, stack, last_line):
        name = tokens[1].text if len(tokens) > 1 else ""
        self.directives.append(Directive(name, tokens[2:], tokens[0].line, last_line))
        if name in ("if", "ifdef", "ifndef"):
            stack.append(0)
        elif name in ("else", "elif") and stack:
            stack[-1] = 1
        elif name == "endif" and stack:
            stack.pop()

    def all_tokens(self):
        """The tokens of the code and of the bodies of macros, each list on its own."""
        yield self.tokens
        for directive in self.directives:
            if directive.name == "define":
                yield directive.body

    def comment_ending_at(self, line):
        for comment in self.comments:
            if comment.last_line == line:
                return comment
        return None

    def has_code_on(self, line):
        return any(t.line == line for t in self.tokens)

    # File scope

    def _externals(self):
        tokens, i, head = self.structure, 0, []
        while i < len(tokens):
            token = tokens[i]
            if token.text == "{" and token.kind == "punct":
                end = skip_group(tokens, i)
                if is_function_head(head):
                    yield self._external("function", head, tokens[end - 1], tokens[i:end])
                    head = []
                elif [t.kind for t in head] == ["ident", "string"]:
                    head, i = [], i + 1       # extern "C" {
                    continue
                else:
                    head = head + tokens[i:end]
                i = end
            elif token.text in ("(", "["):
                end = skip_group(tokens, i)
                head = head + tokens[i:end]
                i = end
            elif token.text in (";", "}"):
                if head:
                    yield self._declaration(head, token)
                head, i = [], i + 1
            else:
                head = head + [token]
                i += 1

    def _external(self, kind, head, last, body=()):
        head = strip_leading_macros(head)
        at = function_name_index(head) if kind in ("function", "prototype") else None
        name = head[at] if at is not None else declared_name(head)
        return External(kind, name.text if name else "", head, head[0].line if head else last.line,
                        last.last_line, list(body), name.line if name else last.line)

    def _declaration(self, head, last):
        head = strip_leading_macros(head)
        top = top_level(head)
        texts = [t.text for t in top]
        if not head:
            kind = "macro"
        elif texts[0] == "typedef":
            kind = "type"
        elif "=" in texts:
            kind = "variable"
        elif texts[0] in ("_Static_assert", "static_assert") or texts[0].startswith("G_"):
            kind = "macro"
        elif "(" in texts and not is_function_pointer(head):
            kind = "prototype" if function_name_index(head) is not None and len(texts) > 3 else "macro"
        elif texts[-1] == "}" or (len(texts) == 2 and texts[0] in ("struct", "union", "enum")):
            kind = "type"
        else:
            kind = "variable" if len(texts) > 1 else "macro"
        return self._external(kind, head, last)


def top_level(tokens):
    """The tokens outside of all groups, the brackets themselves included."""
    out, i = [], 0
    while i < len(tokens):
        if tokens[i].text in OPENERS and tokens[i].kind == "punct":
            end = skip_group(tokens, i)
            out += [tokens[i], tokens[end - 1]]
            i = end
        else:
            out.append(tokens[i])
            i += 1
    return out


def strip_leading_macros(head):
    """Drops `G_BEGIN_DECLS` and `G_DEFINE_… (…)` lines, which have no semicolon of their own."""
    i = 0
    while i < len(head) and re.fullmatch(r"G_(BEGIN|END)_DECLS|G_DEFINE_\w+|HAUL_DEFINE_\w+", head[i].text):
        i += 1
        if i < len(head) and head[i].text == "(":
            i = skip_group(head, i)
    return head[i:]


ATTRIBUTES = re.compile(r"__attribute__|G_GNUC_\w+|__asm__|HAUL_GNUC_\w+")


def function_name_index(head):
    """The index of the name before the parameter list, the last group not of an attribute."""
    found, i = None, 0
    while i < len(head):
        if head[i].text == "=" and head[i].kind == "punct":
            return None
        if head[i].text in OPENERS and head[i].kind == "punct":
            if head[i].text == "(" and i and head[i - 1].kind == "ident" \
                    and not ATTRIBUTES.fullmatch(head[i - 1].text) \
                    and head[min(i + 1, len(head) - 1)].text != "*":
                found = i - 1
            i = skip_group(head, i)
        else:
            i += 1
    return found


def is_function_head(head):
    head = strip_leading_macros(head)
    if not head or function_name_index(head) is None:
        return False
    texts = [t.text for t in top_level(head)]
    return "=" not in texts and texts[0] != "typedef" and (texts[-1] == ")" or ATTRIBUTES.fullmatch(texts[-1]))


def is_function_pointer(head):
    return any(a.text == "(" and b.text == "*" for a, b in zip(head, head[1:])
               if a.kind == "punct") and function_name_index(head) is None


def declared_name(head):
    """The identifier that a variable or type declaration introduces, as far as one can see."""
    last, i = None, 0
    while i < len(head) and not (head[i].text == "=" and head[i].kind == "punct"):
        if head[i].text in OPENERS and head[i].kind == "punct":
            if head[i].text == "(" and i + 2 < len(head) and head[i + 1].text == "*":
                named = [t for t in head[i + 2:skip_group(head, i)] if t.kind == "ident" and t.text != "const"]
                return named[0] if named else last
            i = skip_group(head, i)
        else:
            if head[i].kind == "ident" and head[i].text != "const":
                last = head[i]
            i += 1
    return last


class Statements:
    """Parses a function body (its tokens with both braces) into a tree of Statement."""

    def __init__(self, body):
        self.tokens, self.at = body, 0
        self.root = self._block(None, 0)

    def _text(self, ahead=0):
        i = self.at + ahead
        return self.tokens[i].text if i < len(self.tokens) else ""

    def _block(self, parent, depth):
        block = Statement("block", [], self.tokens[self.at].line, parent=parent, depth=depth)
        self.at += 1
        while self.at < len(self.tokens) and self._text() != "}":
            before = self.at
            block.children.append(self._statement(block, depth))
            if self.at == before:
                self.at += 1
        self.at += 1
        return block

    def _take_group(self):
        end = skip_group(self.tokens, self.at)
        group = self.tokens[self.at:end]
        self.at = end
        return group

    def _labels(self):
        labels = []
        while True:
            text = self._text()
            if text in ("case", "default"):
                start = self.at
                while self.at < len(self.tokens) and self._text() != ":":
                    self.at += 1
                labels.append(self.tokens[start:self.at])
                self.at += 1
            elif self.at < len(self.tokens) and self.tokens[self.at].kind == "ident" \
                    and self._text(1) == ":" and text not in ("public", "private"):
                self.at += 2
            else:
                return labels

    def _statement(self, parent, depth):
        labels = self._labels()
        if self.at >= len(self.tokens) or self._text() == "}":
            return Statement("simple", [], self.tokens[min(self.at, len(self.tokens) - 1)].line,
                             labels=labels, parent=parent, depth=depth)
        statement = self._unlabelled(parent, depth)
        statement.labels = labels
        return statement

    def _unlabelled(self, parent, depth):
        head, text = self.tokens[self.at], self._text()
        if text == "{":
            return self._block(parent, depth)
        statement = Statement("simple", [], head.line, parent=parent, depth=depth)
        if text == "if" or text in CONTROLS:
            statement.kind = text
            self.at += 1
            statement.tokens = [head] + self._take_group()
            statement.depth = depth + 1
            statement.children.append(self._statement(statement, depth + 1))
            if text == "if" and self._text() == "else":
                self.at += 1
                inner = depth if self._text() == "if" else depth + 1
                statement.children.append(self._statement(statement, inner))
            return statement
        if text == "do":
            statement.kind = "do"
            statement.depth = depth + 1
            self.at += 1
            statement.children.append(self._statement(statement, depth + 1))
            statement.tokens = self._until_semicolon()
            return statement
        if head.kind == "ident" and self._text(1) == "(" and self._is_macro_loop():
            statement.kind = "macro-loop"
            self.at += 1
            statement.tokens = [head] + self._take_group()
            statement.depth = depth + 1
            statement.children.append(self._block(statement, depth + 1))
            return statement
        if text in ("return", "break", "continue"):
            statement.kind = text
        statement.tokens = self._until_semicolon()
        return statement

    def _is_macro_loop(self):
        end = skip_group(self.tokens, self.at + 1)
        return end < len(self.tokens) and self.tokens[end].text == "{"

    def _until_semicolon(self):
        start = self.at
        while self.at < len(self.tokens) and self._text() not in (";", "}"):
            if self._text() in OPENERS and self.tokens[self.at].kind == "punct":
                self.at = skip_group(self.tokens, self.at)
            else:
                self.at += 1
        taken = self.tokens[start:self.at]
        if self._text() == ";":
            self.at += 1
        return taken
