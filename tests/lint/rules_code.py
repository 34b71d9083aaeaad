# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules about what stands in functions and at file scope."""

import os
import re

from csource import OPENERS, Statements, calls, declared_name, literal_of, skip_group, split_arguments, top_level
from tree import Finding, rule

MAX_FUNCTION_LINES = 100
MAX_NESTING = 4

BANNED = {
    "strcpy": "g_strdup, g_strlcpy or memcpy with a known size", "strcat": "GString",
    "strncpy": "g_strlcpy or memcpy with a known size", "strncat": "GString",
    "sprintf": "g_snprintf or g_strdup_printf", "vsprintf": "g_vsnprintf or g_strdup_vprintf",
    "gets": "GDataInputStream", "atoi": "g_ascii_string_to_unsigned or a parser with a range",
    "atol": "g_ascii_string_to_unsigned or a parser with a range",
    "atoll": "g_ascii_string_to_unsigned or a parser with a range",
    "atof": "g_ascii_strtod", "strtod": "g_ascii_strtod, which ignores the locale",
    "strtol": "g_ascii_string_to_signed or g_ascii_strtoll, which ignore the locale",
    "strtoul": "g_ascii_string_to_unsigned or g_ascii_strtoull, which ignore the locale",
    "strtok": "g_strsplit", "system": "GSubprocess with an argument vector",
    "popen": "GSubprocess with an argument vector",
    "sleep": "a GSource with a deadline", "usleep": "a GSource with a deadline",
    "nanosleep": "a GSource with a deadline", "g_usleep": "a GSource with a deadline",
    "strerror": "g_strerror, which is safe in threads", "localtime": "GDateTime or localtime_r",
    "gmtime": "GDateTime or gmtime_r", "ctime": "GDateTime", "asctime": "GDateTime",
    "tmpnam": "g_file_open_tmp or mkostemp", "mktemp": "mkostemp",
    "alloca": "g_malloc with g_autofree", "g_alloca": "g_malloc with g_autofree",
    "g_newa": "g_new with g_autofree",
}
ALWAYS_PRINTING = {"printf", "vprintf", "puts", "putchar", "perror", "g_print", "g_printerr", "dprintf"}
STREAM_PRINTING = {"fprintf", "vfprintf", "fputs", "fputc", "putc", "fwrite"}
SET_ERROR = re.compile(r"g_set_error|g_set_error_literal|haul_error_set\w*")
PREFIX_ERROR = re.compile(r"g_prefix_error\w*|g_propagate_prefixed_error|haul_error_prefix\w*")
LOCKS = re.compile(r"GMutex|GRecMutex|GRWLock|GCond|G_LOCK\w*|g_(rec_)?mutex_\w+|g_cond_\w+|g_rw_lock_\w+"
                   r"|pthread_\w+")
LOCKING_FILES = {"pipe", "events", "state"}
COMPARISONS = {"==", "!=", "<", ">", "<=", ">="}


def each_function(tree, *folders):
    for path in tree.select(*folders):
        for function in tree.source(path).functions:
            yield path, function


def each_call(tree, paths, names=None):
    for path in paths:
        for tokens in tree.source(path).all_tokens():
            for at, token in calls(tokens, names):
                yield path, tokens, at, token


@rule("function-length", f"a function has at most {MAX_FUNCTION_LINES} lines")
def check_function_length(tree):
    for path, function in each_function(tree):
        count = function.last_line - function.name_line + 1
        if count > MAX_FUNCTION_LINES:
            yield Finding(path, function.name_line, f"{function.name} has {count} lines: give each of its "
                          "steps a function with a name (60 lines are the aim)")


@rule("nesting", f"statements nest at most {MAX_NESTING} deep")
def check_nesting(tree):
    for path, function in each_function(tree):
        for statement in Statements(function.body).root.walk():
            if statement.kind in ("if", "for", "while", "do", "switch", "macro-loop") \
                    and statement.depth == MAX_NESTING + 1:
                yield Finding(path, statement.line, f"{function.name} nests {statement.depth} deep here: "
                              "return early or give the inner part a function")


@rule("banned", "functions and statements that go wrong are not used")
def check_banned(tree):
    for path in tree.select():
        for tokens in tree.source(path).all_tokens():
            for token in tokens:
                if token.kind == "ident" and token.text == "goto":
                    yield Finding(path, token.line, "return early and let g_autoptr clean up instead of goto")
    for path, _, _, token in each_call(tree, tree.select(), BANNED):
        yield Finding(path, token.line, f"use {BANNED[token.text]} instead of {token.text}")


@rule("printing", "only core/cli prints")
def check_printing(tree):
    paths = [p for p in tree.product() if not p.startswith("core/cli/")]
    advice = "return an error, post an event or log; only core/cli prints ({} here)"
    for path, tokens, at, token in each_call(tree, paths, ALWAYS_PRINTING | STREAM_PRINTING):
        if token.text in ALWAYS_PRINTING or any(
                t.text in ("stdout", "stderr") for a in split_arguments(tokens, at + 1) for t in a):
            yield Finding(path, token.line, advice.format(token.text))


@rule("assert-compare", "a test compares with g_assert_cmp…, which shows both values")
def check_assert_compare(tree):
    for path, tokens, at, token in each_call(tree, tree.select("tests"), {"g_assert"}):
        if any(t.text in COMPARISONS for t in top_level(tokens[at + 2:call_end(tokens, at)])):
            yield Finding(path, token.line, "use g_assert_cmpint, g_assert_cmpstr, g_assert_null, … here")


def call_end(tokens, at):
    arguments = split_arguments(tokens, at + 1)
    return at + 2 + sum(len(a) for a in arguments) + max(len(arguments) - 1, 0)


@rule("skip-reason", "g_test_skip says why")
def check_skip_reason(tree):
    for path, tokens, at, token in each_call(tree, tree.select("tests"), {"g_test_skip", "g_test_incomplete"}):
        arguments = split_arguments(tokens, at + 1)
        literal = literal_of(arguments[0]) if arguments else ""
        if not arguments or arguments[0][0].text == "NULL" or (literal is not None and " " not in literal):
            yield Finding(path, token.line, f"give {token.text} a reason of some words")


TEST_PATH = re.compile(r"(/[a-z0-9][a-z0-9.+-]*){2}(/[a-z0-9%][A-Za-z0-9%.,+-]*)+/?")


@rule("test-path", "a test is called /module/thing/behaviour-in-words")
def check_test_path(tree):
    names = {"g_test_add_func", "g_test_add_data_func", "g_test_add_data_func_full", "g_test_add"}
    for path, tokens, at, token in each_call(tree, tree.select("tests"), names):
        arguments = split_arguments(tokens, at + 1)
        literal = literal_of(arguments[0]) if arguments else None
        if literal is not None and not TEST_PATH.fullmatch(literal):
            yield Finding(path, token.line, f'call it /module/thing/behaviour-in-words instead of "{literal}"')


@rule("assert-input", "g_return_if_fail stands only in functions of the SDK")
def check_assert_input(tree):
    for path, function in each_function(tree, "core", "backends", "plugins"):
        if function.name not in tree.sdk_functions:
            for _, token in calls(function.body, {"g_return_if_fail", "g_return_val_if_fail"}):
                yield Finding(path, token.line, f"{function.name} is not in the SDK: g_assert for our own "
                              "impossible states, an error for input")


def declarator(head):
    """The tokens that say what the object is: no initializer, no bodies, no parameter lists."""
    out, i = [], 0
    while i < len(head) and not (head[i].text == "=" and head[i].kind == "punct"):
        if head[i].text == "(" and i + 1 < len(head) and head[i + 1].text == "*":
            out += declarator(head[i + 1:skip_group(head, i) - 1])
            i = skip_group(head, i)
        elif head[i].text in OPENERS and head[i].kind == "punct":
            i = skip_group(head, i)
        else:
            out.append(head[i])
            i += 1
    return out


def is_constant(head):
    """True when the declared object itself cannot change: the last word that binds to it is const."""
    words = [t.text for t in declarator(head)]
    return "const" in (words[len(words) - words[::-1].index("*"):] if "*" in words else words)


@rule("mutable-global", "no data at file scope or static in a function can change")
def check_mutable_global(tree):
    advice = "make `{}` const, or move it into the object that needs it"
    for path in tree.product():
        source = tree.source(path)
        for item in source.externals:
            texts = [t.text for t in item.head]
            if item.kind == "variable" and not is_constant(item.head):
                yield Finding(path, item.name_line, advice.format(item.name))
            elif texts and re.match(r"G_LOCK_DEFINE", texts[0]):
                yield Finding(path, item.line, "put the lock into the object that it protects")
        for function in source.functions:
            for statement in Statements(function.body).root.walk():
                if statement.tokens and statement.tokens[0].text == "static" and not is_constant(statement.tokens):
                    name = declared_name(statement.tokens)
                    yield Finding(path, statement.line, advice.format(name.text if name else "it"))


@rule("locks", "only the pipe, the events and the state lock")
def check_locks(tree):
    for path in tree.product():
        if path.startswith("core/") and os.path.splitext(os.path.basename(path))[0] in LOCKING_FILES:
            continue
        for tokens in tree.source(path).all_tokens():
            for token in tokens:
                if token.kind == "ident" and LOCKS.fullmatch(token.text):
                    yield Finding(path, token.line, f"no lock here ({token.text}): let one thread own the object")


def message_argument(arguments):
    for argument in arguments[1:]:
        literal = literal_of(argument)
        if literal is not None:
            return literal, argument[0].line
    return None, 0


@rule("error-message", "an error message starts in lower case and has no full stop")
def check_error_message(tree):
    for path, tokens, at, token in each_call(tree, tree.product()):
        if not SET_ERROR.fullmatch(token.text):
            continue
        message, line = message_argument(split_arguments(tokens, at + 1))
        if message is None:
            continue
        first = re.match(r"[A-Za-z0-9_-]+", message)
        if first and first.group()[0].isupper() and not re.search(r"[A-Z0-9]", first.group()[1:]):
            yield Finding(path, line, f'start "{message[:30]}" in lower case: a prefix will stand before it')
        if re.search(r"[.!]\s*$", message):
            yield Finding(path, line, f'end "…{message[-30:]}" without a full stop')


@rule("error-prefix", 'an error prefix ends in ": "')
def check_error_prefix(tree):
    for path, tokens, at, token in each_call(tree, tree.product()):
        if PREFIX_ERROR.fullmatch(token.text):
            message, line = message_argument(split_arguments(tokens, at + 1))
            if message is not None and not message.endswith(": "):
                yield Finding(path, line, f'end the prefix "{message[:30]}" in ": "')


def next_statements(statement):
    """The statements that run after this one, as far as one can see without running it."""
    while statement.parent is not None:
        parent = statement.parent
        if parent.kind == "block":
            at = next(i for i, s in enumerate(parent.children) if s is statement)
            for following in parent.children[at + 1:]:
                if following.kind == "break":
                    parent = leave_loop(following)
                    break
                yield following
        statement = parent


def leave_loop(statement):
    while statement.parent is not None and statement.kind not in ("for", "while", "do", "switch", "macro-loop"):
        statement = statement.parent
    return statement


def sets_own_error(statement):
    for at, token in calls(statement.tokens):
        if SET_ERROR.fullmatch(token.text) and statement.tokens[at + 2].text != "&":
            return True
    return False


@rule("error-return", "a function that sets an error returns at once")
def check_error_return(tree):
    for path, function in each_function(tree, "core", "backends", "plugins"):
        if function.returns_void:
            continue
        for statement in Statements(function.body).root.walk():
            if statement.kind != "simple" or not sets_own_error(statement):
                continue
            following = [s for s, _ in zip(next_statements(statement), range(2))]
            if not any(s.kind == "return" for s in following):
                yield Finding(path, statement.line, "return FALSE or NULL within the next two statements: "
                              "the caller must see that the error is set")


def switch_labels(switch):
    """The labels of one switch, those of switches inside of it left out."""
    todo = list(switch.children)
    while todo:
        statement = todo.pop()
        yield from statement.labels
        if statement.kind != "switch":
            todo += statement.children


@rule("switch-default", "a switch over an enum has no default")
def check_switch_default(tree):
    own = re.compile(r"(HAUL|IMAP|MAILDIR|MBOX|PLANNER|MATCHER|LANE|RETRY|JOB|STATE|EVENT|FILTER)_\w+")
    for path, function in each_function(tree):
        for statement in Statements(function.body).root.walk():
            if statement.kind != "switch":
                continue
            labels = list(switch_labels(statement))
            default = [label for label in labels if label[0].text == "default"]
            enum = [t.text for label in labels if label[0].text == "case" for t in label[1:2]
                    if t.text in tree.enum_constants or own.fullmatch(t.text)]
            if default and enum:
                yield Finding(path, default[0][0].line, f"name the cases beside {enum[0]}: the compiler then "
                              "says which switch a new value was forgotten in")
