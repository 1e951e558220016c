# expect: secret-in-code:5


class Settings:
    client_secret = "3fJ8~qLx0Zr6Tn1Wc9Vb4"
