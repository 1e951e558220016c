"""To open a FIFO waits for ever for who writes into it: no walk over a folder does."""

import os

from harness.gate.present import below, digest_of
from harness.project.importers import imported, importers_of


def test_a_fifo_has_a_digest_at_once_and_is_nobodys_importer(tmp_path):
    os.mkfifo(tmp_path / "p.py")
    (tmp_path / "a.py").write_text("import p\n")
    assert digest_of(str(tmp_path / "p.py")) == digest_of(str(tmp_path / "p.py"))
    assert digest_of(str(tmp_path)) != digest_of(str(tmp_path / "a.py"))
    assert set(below([tmp_path])) == {str(tmp_path / "p.py"), str(tmp_path / "a.py")}
    assert importers_of([tmp_path / "a.py"], [], [tmp_path]) == []
    assert list(imported(tmp_path / "a.py", [tmp_path])) == ["p"]
