"""A spec by its name, ``package.module:SPEC`` or ``file.py:SPEC``, as people write it on a command line."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from xviz.core.errors import ModelError
from xviz.core.foreign import foreign
from xviz.core.spec import Spec


def spec(name: str) -> Spec:
    """The spec of that name; ``:SPEC`` may be left away.

    Raises:
        ModelError: there is no such file, module or name, or it is no `Spec`.
        ForeignError: the module failed while it was imported.
    """
    where, _, attribute = name.partition(":")
    module = _file(Path(where)) if where.endswith(".py") else _module(where)
    attribute = attribute or "SPEC"
    if not hasattr(module, attribute):
        specs = [key for key, value in vars(module).items() if isinstance(value, Spec)]
        have = (
            f"It has {', '.join(specs)}."
            if specs
            else "It has no Spec; make one: SPEC = xviz.Spec(title=…, outputs=…)."
        )
        raise ModelError(f"“{where}” has no “{attribute}”. {have}")
    loaded = getattr(module, attribute)
    if not isinstance(loaded, Spec):
        raise ModelError(f"“{name}” is {type(loaded).__name__}, no Spec. Name a Spec: package.module:NAME.")
    return loaded


def _module(name: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")  # as “python -m” does: modules of the folder one stands in
    try:
        with foreign(f"import of {name}"):
            return import_module(name)
    except ModelError as error:
        missing = error.__cause__
        if isinstance(missing, ModuleNotFoundError) and missing.name and name.startswith(missing.name):
            raise ModelError(
                f"There is no module “{name}”. Give package.module:SPEC from the folder that holds the package, or "
                "path/to/file.py:SPEC."
            ) from error
        raise


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ModelError(f"There is no file {path}. Give path/to/file.py:SPEC or package.module:SPEC.")
    plan = spec_from_file_location(path.stem, path)
    assert plan is not None
    assert plan.loader is not None
    if (folder := str(path.resolve().parent)) not in sys.path:
        sys.path.append(folder)  # modules beside the file, as for a file that Python runs
    module = module_from_spec(plan)
    sys.modules.setdefault(path.stem, module)
    with foreign(f"import of {path.name}"):
        plan.loader.exec_module(module)
    return module


def source(name: str) -> str:
    """What records call a spec of that name: without the folder that its file lies in.

    Examples:
        >>> source("/home/ada/models/captioner.py")
        'captioner.py:SPEC'
    """
    where, _, attribute = name.partition(":")
    return f"{Path(where).name if where.endswith('.py') else where}:{attribute or 'SPEC'}"
