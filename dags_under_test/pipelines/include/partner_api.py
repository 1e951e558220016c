"""A partner's API: a hook that knows it, and an operator that asks it."""

from airflow.sdk import BaseHook, BaseOperator


class PartnerHook(BaseHook):
    """Asks the partner, with the token of its connection.

    Args:
        partner_conn_id: connection with ``host``, ``schema``, ``port`` and, as password, the token.
    """

    def __init__(self, partner_conn_id="partner"):
        super().__init__()
        self.partner_conn_id = partner_conn_id

    def get_conn(self):
        """A session that is authorized, and the address."""
        import requests

        connection = self.get_connection(self.partner_conn_id)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {connection.password}"
        return session, f"{connection.schema}://{connection.host}:{connection.port}"

    def orders(self, day):
        """The orders of a day."""
        session, url = self.get_conn()
        answer = session.get(f"{url}/orders", params={"day": day}, timeout=30)
        answer.raise_for_status()
        return answer.json()


class PartnerOrdersOperator(BaseOperator):
    """The orders of a day, at least ``least`` of them."""

    template_fields = ("day",)

    def __init__(self, *, day, least=1, partner_conn_id="partner", **kwargs):
        super().__init__(**kwargs)
        self.day, self.least, self.partner_conn_id = day, least, partner_conn_id

    def execute(self, context):
        """Ask, and count."""
        orders = PartnerHook(self.partner_conn_id).orders(self.day)
        if len(orders) < self.least:
            raise ValueError(f"{len(orders)} orders on {self.day}, at least {self.least} are expected")
        return orders
