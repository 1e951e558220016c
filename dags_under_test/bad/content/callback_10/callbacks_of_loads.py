# expect: callback:5


def notify(context):
    send("#etl", str(context["task"]))


def send(text):
    print(text)
