"""Passengers, as a model of who survives sees them."""

INPUTS = ["age", "fare", "class", "is_female", "relatives"]


def features(passengers):
    """What the model is told of each passenger; the others of a class stand in for an age that nobody knows.

    Args:
        passengers: rows of the table ``passengers``, as a pandas ``DataFrame``.
    """
    table = passengers.copy()
    table["age"] = table["age"].fillna(table.groupby("class")["age"].transform("median"))
    table["is_female"] = (table["sex"] == "female").astype(int)
    table["relatives"] = table["siblings"] + table["parents"]
    return table[["id", *INPUTS, "survived"]]


def fitted(table):
    """A random forest that has learned from three passengers of four, and how it does with the others."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import accuracy_score, recall_score

    unseen = table["id"] % 4 == 0
    model = RandomForestClassifier(n_estimators=50, max_depth=5, random_state=0)
    model.fit(table.loc[~unseen, INPUTS], table.loc[~unseen, "survived"])
    truth, guess = table.loc[unseen, "survived"], model.predict(table.loc[unseen, INPUTS])
    metrics = {"accuracy": accuracy_score(truth, guess), "recall": recall_score(truth, guess)}
    return model, {name: round(float(value), 3) for name, value in metrics.items()}
