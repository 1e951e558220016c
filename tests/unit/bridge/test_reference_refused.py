"""`verify` where the installed Airflow can run no task: it says so and names the package."""

import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from harness.bridge.reference.child import _history
from harness.bridge.reference.side import called_by
from harness.errors import ReferenceFailed


def modules(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)


def test_the_package_is_the_one_that_airflow_called_last(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    modules(
        tmp_path,
        flow="import web\n\ndef start(): web.route(decorated)\n\ndef decorated(): web.deeper()\n",
        web="import schema\n\ndef route(call): call()\n\ndef deeper(): schema.broken()\n",
        schema="def broken(): raise TypeError('no discriminator')\n",
    )
    import flow

    with pytest.raises(TypeError) as caught:
        flow.start()
    assert called_by("flow", caught.value) == "web"
    with pytest.raises(ZeroDivisionError) as own:
        exec("1 / 0", {"__name__": "flow"})
    assert called_by("flow", own.value) == "flow"
    for name in ("flow", "web", "schema"):
        sys.modules.pop(name)


def test_an_airflow_that_can_run_nothing_is_told_with_the_package():
    found = {"error": "PydanticUserError: needs a discriminator\n\nmore", "package": "fastapi"}
    with pytest.raises(ReferenceFailed) as caught:
        _history("sales", found, CompletedProcess([], 0, "", ""))
    told = str(caught.value)
    assert "itself can run no task with the fastapi that is installed: PydanticUserError: needs a discriminator" in told
    assert "more" not in told
    assert "cadwyn " in told
    assert "or an earlier fastapi" in told
