"""`callwarden bench corpus` and `bench scan`: what they write and what they print."""

from __future__ import annotations

import gzip
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from sigma.collection import SigmaCollection
from sigma.rule import SigmaRule

from bot.bench import corpus, sql
from bot.cli.bench import bench
from bot.errors import BadInput


def found(*arguments: object) -> dict[str, object]:
    """What a bench prints as JSON."""
    given = [str(one) for one in arguments]
    result = CliRunner().invoke(bench, [*given, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0
    told: dict[str, object] = json.loads(result.stdout)
    return told


def test_a_corpus_is_laid_out_like_a_bucket_and_the_same_each_time(tmp_path: Path) -> None:
    """By account, Region and day; a seed writes the same bytes, another one others."""
    told = found("corpus", tmp_path / "one", "--records", 2_500)
    corpus.write(tmp_path / "again", records=2_500, seed=1)
    corpus.write(tmp_path / "other", records=2_500, seed=2)

    one, again, other = (
        [file.read_bytes() for file in sorted((tmp_path / name).rglob("*.json.gz"))]
        for name in ("one", "again", "other")
    )
    assert (told["files"], told["records"], len(one)) == (2, 2_500, 2)
    assert one == again
    assert one != other
    place = next((tmp_path / "one").rglob("*.gz")).relative_to(tmp_path / "one").parts
    assert (place[0], place[2], len(place)) == ("AWSLogs", "CloudTrail", 8)


def test_a_corpus_is_shaped_like_real_logs(tmp_path: Path) -> None:
    """Mostly reads, many callers and services, some 1.5 kB a record, well compressed."""
    told = corpus.write(tmp_path, records=20_000, seed=1)
    records = [
        record
        for file in tmp_path.rglob("*.gz")
        for record in json.loads(gzip.decompress(file.read_bytes()))["Records"]
    ]

    assert sum(record["readOnly"] for record in records) / len(records) > 0.8
    assert len({record["eventSource"] for record in records}) >= 20
    assert 1_100 < told["json_bytes"] / told["records"] < 1_800
    assert 8 < told["json_bytes"] / told["gzip_bytes"] < 20


def test_scan_prints_floor_and_engine(tmp_path: Path) -> None:
    """Every figure, and None for what was not measured: one process."""
    corpus.write(tmp_path, records=300, seed=1)
    told = found("scan", tmp_path, "--rounds", 1)

    rates = ["floor_rps", "engine_rps", "ratio", "peak_rss_mb", "single_us"]
    rates += ["ratio_baselines_warm", "ratio_baselines_cold"]
    assert all(isinstance(told[name], int | float) and told[name] for name in rates)
    assert (told["records"], told["jobs"], told["jobs_speedup"]) == (300, 1, None)


def test_scan_measures_several_processes(tmp_path: Path) -> None:
    """Beside one process, so that the two can be compared."""
    corpus.write(tmp_path, records=300, seed=1)

    assert found("scan", tmp_path, "--rounds", 1, "--jobs", 2)["jobs_speedup"]


def test_scan_of_nothing_says_where_to_get_records(tmp_path: Path) -> None:
    """A rate of no records would be a number that means nothing."""
    with pytest.raises(BadInput, match="bench corpus"):
        found("scan", tmp_path)
    (tmp_path / "odd.json").write_text('{"hello": 1}')
    with pytest.raises(BadInput, match=r"odd\.json is no plain file"):
        found("scan", tmp_path)


def test_peers_that_are_not_installed_are_none(tmp_path: Path) -> None:
    """Ours is measured all the same; what is not there has no figure."""
    corpus.write(tmp_path / "corpus", records=300, seed=1)
    rule = {
        "title": "Any",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"a": {"eventSource": "iam.*", "errorCode": None}, "condition": "not a"},
    }
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "any.yml").write_text(json.dumps(rule))
    told = found("peers", tmp_path / "corpus", "--rules", tmp_path / "rules")

    assert (told["records"], told["rules"], told["rules_as_sql"]) == (300, 1, 1)
    for name in ("chdb", "duckdb"):
        assert (told[f"{name}_rps"] is None) is (find_spec(name) is None)


def test_conditions_become_sql() -> None:
    """Blind to case, null as absent, wildcards as LIKE."""
    text = """
title: Any
logsource: {product: aws}
detection:
  a: {eventName: 'Del_te*', errorCode: null}
  b: {userIdentity.arn|re: "x'y"}
  condition: a and not b
"""
    (rule,) = SigmaCollection.from_yaml(text).rules
    assert isinstance(rule, SigmaRule)
    parsed = rule.detection.parsed_condition[0].parsed

    assert sql.condition(parsed, "match") == (
        """((coalesce(lower(r."eventName") LIKE 'del\\_te%', false) AND """
        """coalesce(r."errorCode" IS NULL, false)) AND """
        """NOT coalesce(match(r."userIdentity"."arn", 'x''y'), false))"""
    )
    assert sql.tree(sql.fields(parsed)) == {
        "eventName": {},
        "errorCode": {},
        "userIdentity": {"arn": {}},
    }
