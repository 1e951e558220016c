from airflow.sdk import BaseHook


class Settings:
    client_secret_of = "warehouse"

    @property
    def client_secret(self):
        return BaseHook.get_connection(self.client_secret_of).password
