from kuzov.report.markup import (
    both,
    definitions,
    details,
    link,
    paragraph,
    photo_figure,
    picture,
    points,
    section,
    table,
)
from kuzov.report.texts import Words, plain
from kuzov.report.thumbnails import Thumbnail

SIGNS = Words("<a> & \"b\" 'c'", "<я>")


def test_a_text_stands_in_both_languages_and_is_escaped() -> None:
    assert both(SIGNS) == (
        '<span lang="en">&lt;a&gt; &amp; &quot;b&quot; &#x27;c&#x27;</span><span lang="ru">&lt;я&gt;</span>'
    )


def test_the_same_text_stands_once() -> None:
    assert both(plain("<x>.jpg")) == "&lt;x&gt;.jpg"


def test_blocks() -> None:
    assert paragraph(plain("a")) == "<p>a</p>"
    assert paragraph(plain("a"), style="version") == '<p class="version">a</p>'
    assert section(plain("h"), "<p>a</p>") == "<section>\n<h2>h</h2>\n<p>a</p>\n</section>"
    assert section(plain("h"), anchor="there") == '<section id="there">\n<h2>h</h2>\n</section>'
    assert points([plain("a"), plain("b")]) == "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"
    assert details(plain("a"), "<p>b</p>") == "<details>\n<summary>a</summary>\n<p>b</p>\n</details>"
    assert link("there", plain("a")) == '<a href="#there">a</a>'
    assert definitions([(plain("a"), plain("b"))]) == "<dl>\n<dt>a</dt><dd>b</dd>\n</dl>"


def test_a_picture_lies_inside_the_page() -> None:
    assert picture(b"png", plain("what"), name=SIGNS, large=True) == (
        '<figure><div class="scroll large"><img class="chart" src="data:image/png;base64,cG5n" '
        'alt="&lt;a&gt; &amp; &quot;b&quot; &#x27;c&#x27; · &lt;я&gt;"></div>'
        "<figcaption>what</figcaption></figure>"
    )


def test_a_photo_has_its_size_and_its_name() -> None:
    thumbnail = Thumbnail(photo=b"jpg", heat=None, size=(176, 99))
    assert photo_figure(thumbnail, name="<1>.jpg", caption=plain("what"), wrong=False) == (
        '<figure class="photo"><img src="data:image/jpeg;base64,anBn" width="176" height="99" '
        'alt="&lt;1&gt;.jpg"><figcaption>what<br><small>&lt;1&gt;.jpg</small></figcaption></figure>'
    )


def test_the_heat_stands_beside_the_photo() -> None:
    thumbnail = Thumbnail(photo=b"jpg", heat=b"heat", size=(176, 99))
    page = photo_figure(thumbnail, name="1.jpg", caption=plain("what"), wrong=True)
    assert page.startswith('<figure class="photo pair wrong"><img src="data:image/jpeg;base64,anBn"')
    assert (
        'base64,aGVhdA==" width="176" height="99" alt="where the model looked · куда смотрела модель">'
        in page
    )


def test_a_table_names_its_columns_and_rows() -> None:
    rows = [(plain("x"), plain(1))]
    assert table(plain("t"), (plain("a"), plain("b")), rows, foot=rows[0], numeric=True) == (
        '<div class="scroll" tabindex="0"><table class="numeric">\n<caption>t</caption>\n'
        '<thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>\n<tbody>\n'
        '<tr><th scope="row">x</th><td>1</td></tr>\n</tbody>\n'
        '<tfoot><tr><th scope="row">x</th><td>1</td></tr></tfoot></table></div>'
    )
