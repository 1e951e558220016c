"""What is told for a secret, by its form or its name, and what is a placeholder."""

from __future__ import annotations

import pytest

from harness.checks.content.secret_in_code import secret_in_code
from tests.checks.content.contexts import context

MIXED = "q7Rw2pX9sLq4Zt8vB1nM"
LONGER = MIXED + "k3Yd6Hs0"
FORMS = {
    "an AWS access key": "AKIA" + "Q3ZTR7PLMX2VNB5W",
    "a GitHub token": "gh" + "p_" + LONGER + "a1B2c3D4",
    "a GitLab token": "glpat" + "-" + MIXED,
    "a Google API key": "AI" + "za" + LONGER + "aB3dE6g",
    "a Slack token": "xox" + "b-" + MIXED,
    "a Slack webhook": "https://hooks.slack" + ".com/services/T0AB12CD3/B0EF45GH6/" + MIXED,
    "a Stripe key": "sk" + "_live_" + LONGER,
    "a SendGrid key": "SG" + "." + MIXED + "a1b2." + LONGER,
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7bq1Yd",
    "a JSON web token": "eyJ" + MIXED + ".eyJ" + MIXED + "." + MIXED,
    "a URI with its password": "mysql://etl:" + "hunter2-prod@db.internal/sales",
}
NAMED = [
    "connect(password='tr0ub4dor')",
    "{'pwd': 'x9'}",
    "settings['db_password'] = 'tr0ub4dor'",
    "self.passwd = 'tr0ub4dor'",
    "PGPASSWORD = 'tr0ub4dor'",
    "def f(*, user_password='tr0ub4dor'): pass",
    f"connect(auth_token='{MIXED}')",
    f"API_KEY: str = '{MIXED}'",
    f"headers = {{'api-key': '{MIXED}'}}",
]
NONE = [
    "connect(password='')",
    "connect(password='***')",
    "connect(password='{{ conn.warehouse.password }}')",
    "connect(password='${PASSWORD}')",
    "connect(password='<your password>')",
    "connect(password='changeme')",
    "connect(password='warehouse_password')",
    "connect(password='varchar(64)')",
    "connect(password='projects/sales/secrets/warehouse')",
    "connect(password=PASSWORD)",
    "connect(password_file='/run/secrets/pw9')",
    "connect(token='of_the_warehouse_1')",
    "connect(token='short1')",
    f"checksum = '{MIXED}'",
    "keys = ['AKIAIOSFODNN7EXAMPLE']",
    "uri = 'mysql://etl@db.internal/sales'",
    "uri = 'mysql://user:password@db.internal/sales'",
    "uri = 'http://db.internal:8080/sales?at=10:30@noon'",
    "'''mysql://etl:hunter2-prod@db.internal/sales'''",
]


@pytest.mark.parametrize("what", FORMS)
def test_by_its_form(what):
    (problem,) = secret_in_code(context(f"x = 1\nvalue = ['{FORMS[what]}']"))
    assert (problem.line, problem.message) == (2, f"a secret in the code: {what}")


@pytest.mark.parametrize("line", NAMED)
def test_by_its_name(line):
    (problem,) = secret_in_code(context(f"def nobody(self, connect, settings):\n    {line}"))
    assert (problem.line, "is given as a literal" in problem.message) == (2, True)
    assert "tr0ub4dor" not in problem.message
    assert MIXED not in problem.message


@pytest.mark.parametrize("line", NONE)
def test_what_is_none(line):
    assert list(secret_in_code(context(f"def nobody(connect, PASSWORD):\n    {line}"))) == []
