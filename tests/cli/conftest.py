import pytest

from .project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """An empty project, one for all tests of a module."""
    return Project(tmp_path_factory.mktemp("cli"))
