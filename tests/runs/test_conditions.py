"""What a checkpoint records of the computing, and how a difference is said."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from grow.errors import UsageError
from grow.runs import conditions
from grow.runs.conditions import Conditions, differences, other_versions

HERE = Conditions(threads=2, onednn=True, processor="Neon 1")


def said(recorded: Conditions, found: Conditions = HERE) -> list[str]:
    return [str(one) for one in differences(recorded, found)]


def test_equal_conditions_are_not_told() -> None:
    assert said(HERE) == []
    assert said(Conditions.from_dict(HERE.to_dict())) == []


@pytest.mark.parametrize("field", ["threads", "onednn", "processor"])
def test_what_an_older_version_did_not_record_is_not_told(field: str) -> None:
    unsaid = replace(HERE, **{field: None})
    assert field not in unsaid.to_dict()
    assert Conditions.from_dict(unsaid.to_dict()) == unsaid
    assert said(unsaid) == said(HERE, unsaid) == []


@pytest.mark.parametrize(
    ("field", "strange"),
    [
        *[("threads", value) for value in (0, -1, True, 2.0, "2", None, [2])],
        *[("onednn", value) for value in (1, "on", None)],
        *[("processor", value) for value in ("", 7, None)],
    ],
)
def test_a_strange_record_is_not_known(field: str, strange: Any) -> None:
    found = Conditions.from_dict(HERE.to_dict() | {field: strange})
    assert found == replace(HERE, **{field: None})


def test_another_number_of_threads_is_told_with_the_setting_that_gives_the_first_one() -> None:
    (text,) = said(replace(HERE, threads=1))
    assert text.startswith("1 thread, found 2 threads.")
    assert "may differ in the last digits" in text
    assert text.endswith("run again with GROW_THREADS=1")
    assert "Ctrl-C twice" in text  # a plain stop would write steps of two threads down


@pytest.mark.parametrize(("was", "setting"), [(False, "=0"), (True, "=1")])
def test_other_kernels_are_told(was: bool, setting: str) -> None:
    (text,) = said(replace(HERE, onednn=was), replace(HERE, onednn=not was))
    assert text.startswith(f"oneDNN kernels {'on' if was else 'off'}, found them")
    assert text.endswith(f"TF_ENABLE_ONEDNN_OPTS{setting}")


def test_another_processor_is_told() -> None:
    (text,) = said(replace(HERE, processor="Xenon 2"))
    assert text.startswith("the processor Xenon 2, found Neon 1.")


def test_each_difference_is_told() -> None:
    assert len(said(Conditions(4, False, "Xenon 2"))) == 3


def test_versions_of_what_computes_weights_are_told_and_no_others() -> None:
    old = {"python": "3.11.0", "numpy": "1.26", "keras": "3.14.0", "tensorflow": "2.20.0"}
    new = old | {"python": "3.13.0", "numpy": "2.0", "tensorflow": "2.21.0"}
    (text,) = map(str, other_versions(old, new))
    assert text.startswith("TensorFlow 2.20.0, found 2.21.0.")
    assert text.endswith("pip install tensorflow==2.20.0")
    assert len(list(other_versions(old, new | {"keras": "3.15.1"}))) == 2
    assert [*other_versions({}, new), *other_versions(old, {})] == []


def test_the_threads_are_those_that_were_asked_for_or_one_for_each_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GROW_THREADS", "TF_NUM_INTRAOP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    assert conditions.here().threads == 3
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "4")
    assert conditions.here().threads == 4
    monkeypatch.setenv("GROW_THREADS", "5")
    assert conditions.here().threads == 5
    monkeypatch.setenv("GROW_THREADS", "many")
    with pytest.raises(UsageError, match="GROW_THREADS"):
        conditions.here()


@pytest.mark.parametrize(
    ("said", "on"), [(None, True), ("1", True), ("0", False), ("false", False)]
)
def test_the_kernels_are_on_unless_switched_off(
    said: str | None, on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if said is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", said)
    assert conditions.here().onednn is on


def test_the_processor_is_known_here_and_stays_the_same() -> None:
    assert conditions.here() == conditions.here()
    assert conditions.here().processor != ""
