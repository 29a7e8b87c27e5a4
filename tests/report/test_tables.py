from kuzov.report import tables
from tests.report.conftest import Metrics, Read


def test_classes_with_counts_and_scores(metrics: Metrics, read: Read) -> None:
    page = tables.class_table(read(metrics))
    qashqai = '<span lang="en">Nissan Qashqai (J11)</span><span lang="ru">Ниссан Кашкай (J11)</span>'
    assert (
        f'<tr><th scope="row">{qashqai}</th><td>26</td><td>3</td>'
        '<td><span lang="en">1.00</span><span lang="ru">1,00</span></td>'
    ) in page
    assert "<td>78</td><td>9</td>" in page


def test_mistakes_are_escaped_and_the_surest_first(metrics: Metrics, read: Read) -> None:
    metrics["photos"][0] |= {"predicted": "a class of <another> model", "probability": 0.8}
    page = tables.mistake_table(read(metrics))
    assert page.index("bmw_x5/0.jpeg") < page.index("&lt;b&gt;&quot;Кашкай&quot; &amp; co.jpeg")
    assert '<td><span lang="en">61.3\u00a0%</span><span lang="ru">61,3\u00a0%</span></td>' in page
    assert "<td>a class of &lt;another&gt; model</td>" in page
    assert page.count("<tr>") == 3


def test_long_lists_are_cut(metrics: Metrics, read: Read) -> None:
    wrong = metrics["photos"][4]
    metrics["photos"] = [wrong | {"photo": f"{row}.jpg"} for row in range(150)]
    metrics["data"]["rejected"] = [{"photo": f"{row}.jpg", "reason": "is empty"} for row in range(101)]
    run = read(metrics)
    assert tables.mistake_table(run).count("<tr>") == 101
    assert "and 50 more, in metrics.json" in tables.mistake_table(run)
    assert "and 1 more, in metrics.json" in tables.rejected_table(run)


def test_files_left_out(metrics: Metrics, read: Read) -> None:
    assert "train/vaz_2110/&lt;битый&gt;.jpg</th><td>it is not an image" in tables.rejected_table(
        read(metrics)
    )
    metrics["data"]["rejected"] = []
    assert "<table" not in tables.rejected_table(read(metrics))


def test_settings_have_the_names_that_set_takes(metrics: Metrics, read: Read) -> None:
    page = tables.setting_tables(read(metrics))
    for name, value in (
        ("head.inverse_regularisation", "[1.0, 30.0]"),
        ("backbone", "&quot;lite0&quot;"),
        ("numpy", "2.3.0"),
    ):
        assert f'<th scope="row">{name}</th><td>{value}</td>' in page
    for value in ("models/img_classifier/1795361919", "0.41", "0123abcd"):
        assert f"<td>{value}</td>" in page


def test_an_evaluation_tells_what_the_bundle_says_of_itself(evaluation: Metrics, read: Read) -> None:
    page = tables.setting_tables(read(evaluation))
    assert "inverse regularisation C" not in page
    assert "<td>0123abcd</td>" in page
