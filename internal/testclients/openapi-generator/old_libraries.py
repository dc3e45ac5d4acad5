"""Lets a client that wants pydantic 1 and aenum, as those of openapi-generator 7.0 do, run with pydantic 2, which has version 1 in it, and with
Python's own enum."""

import __future__
import enum
import importlib.util
import pathlib
import sys
from importlib.machinery import SourceFileLoader

here = pathlib.Path(__file__).parent
wanted = (here / "requirements.txt").read_text()


def lazily(loader, data, path, **options):
    """Compiles a module of the client with annotations that are not evaluated: an enum of Python has no name yet in its own class's body."""
    if str(path).startswith(str(here / "client")):
        return compile(data, path, "exec", __future__.annotations.compiler_flag, True)
    return source_to_code(loader, data, path, **options)


if "aenum" in wanted and importlib.util.find_spec("aenum") is None:
    enum.no_arg = None
    sys.modules["aenum"] = enum
    source_to_code, SourceFileLoader.source_to_code = SourceFileLoader.source_to_code, lazily

if any(line.startswith("pydantic") and "< 2" in line for line in wanted.splitlines()):
    import pydantic

    if pydantic.VERSION.startswith("2."):
        import pydantic.v1

        sys.modules["pydantic"] = pydantic.v1
