def notify(context):
    send("#etl", str(context["task"]))


def send(channel, text):
    print(channel, text)
