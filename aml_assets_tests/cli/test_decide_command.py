"""``aml decide``, with its words as a person types them."""

import yaml
from typer.testing import CliRunner

from aml_assets.cli.app import app
from aml_assets.io.decisions import this_user
from aml_assets_tests.conftest import Bank, day


def test_a_file_is_taken_or_refused_with_its_lines(bank: Bank, tmp_path, monkeypatch):
    bank.options["features"] = {"network": {"enabled": False}}
    bank.land_static()
    bank.land_day(1)
    bank.prepare(1, 1)
    config = bank.root / "aml.yaml"
    urls = {"landing": {"url": str(bank.landing)}, "store": {"url": str(bank.store)}}
    config.write_text(yaml.safe_dump(urls))
    monkeypatch.setenv("AML_CONFIG", str(config))
    file = tmp_path / "decided.csv"
    header = "day,trx_id,ins_id,disposition,reason\n"
    file.write_text(f"{header}{day(1)},100,7,suspicious,R1\n{day(1)},1,7,suspicious,R1\n")
    aml = CliRunner().invoke
    refused = aml(app, ["decide", str(file), "--by", "Ada"])
    assert (refused.exit_code, "line 3: its day has no report" in refused.output) == (1, True)
    done = aml(app, ["decide", str(file), "--by", "Ada", "--good-lines"])
    assert done.exit_code == 0, done.output
    who = f"Ada (claimed by {this_user()})"
    assert done.output.startswith(f"{who} decided 1: 1 suspicious. That is kept.\nLeft out: 1.\n")
    assert len(bank.catalog.dispositions.brought().given) == 1
    assert aml(app, ["decide", str(tmp_path / "none.csv")]).exit_code == 2
