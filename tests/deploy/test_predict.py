"""Predictions as people and programs read them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from grow.data.manifest import Unusable
from grow.deploy.predict import Prediction, Predictions
from grow.report.predicted import left_out_lines, prediction_lines, predictions_csv, printable

FOUND = Predictions(
    model="tiny, stage 1 small",
    classes=("cat", "long name"),
    pictures=(
        Prediction("cat/a, b.png", 0, (0.75, 0.25), 0),
        Prediction("c\nd.png", 1, (0.25, 0.75), 0),
        Prediction("e.png", 1, (0.0004, 0.9996)),
    ),
    unusable=(Unusable("f.png", "the file is empty"),),
    skipped=(Unusable("g.txt", "not a picture file (.txt)"), Unusable("h", "no extension")),
)


def test_a_line_a_picture_and_the_accuracy_of_those_in_class_folders():
    assert list(prediction_lines(FOUND)) == [
        "cat         75.0%  cat/a, b.png",
        "long name   75.0%  c\\nd.png",
        "long name  100.0%  e.png",
        "50.0% of 2 pictures in folders named after classes are given that class (1)",
    ]
    assert len(list(prediction_lines(replace(FOUND, pictures=FOUND.pictures[2:])))) == 1


def test_what_is_left_out_is_named():
    assert list(left_out_lines(FOUND)) == [
        "unusable: f.png: the file is empty",
        "passed over: g.txt and 1 more: not a picture file (.txt)",
        "1 of 4 pictures could not be used",
    ]
    assert list(left_out_lines(replace(FOUND, unusable=(), skipped=()))) == []
    many = replace(FOUND, unusable=FOUND.unusable * 25)
    assert "and 5 more; --json and --csv name them all" in list(left_out_lines(many))


def test_csv_is_read_back_as_it_was():
    rows = list(csv.reader(io.StringIO(predictions_csv(FOUND))))
    assert rows == [
        ["picture", "class", "probability", "p_cat", "p_long name", "unusable"],
        ["cat/a, b.png", "cat", "0.75", "0.75", "0.25", ""],
        ["c\nd.png", "long name", "0.75", "0.25", "0.75", ""],
        ["e.png", "long name", "0.9996", "0.0004", "0.9996", ""],
        ["f.png", "", "", "", "", "the file is empty"],
    ]


def test_json_has_all_of_it():
    values = FOUND.to_dict()
    assert (values["accuracy"], values["judged"]) == (0.5, 2)
    assert [row["folder_class"] for row in values["pictures"]] == ["cat", "cat", None]
    assert values["pictures"][0] == {
        "picture": "cat/a, b.png",
        "class": "cat",
        "probability": 0.75,
        "probabilities": [0.75, 0.25],
        "folder_class": "cat",
    }
    assert replace(FOUND, pictures=()).to_dict()["accuracy"] is None


def test_names_cannot_move_the_cursor():
    assert printable("\x1b[2Jé\r\udcff.png") == "\\x1b[2Jé\\r\\udcff.png"
