"""Templates of generators become plain HTML; nothing of their syntax is left outside code."""

import re
import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.articles.sanitizer import BodyError
from tests.articles.bodies.cases import notices, render

# By template language: bodies, and their HTML.
CASES: dict[str, dict[str, str]] = {
    "liquid": {
        "{% raw %}{{ x }}{% endraw %} `{% raw %}{{ y }}{% endraw %}`": (
            "<p>{{ x }} <code>{{ y }}</code></p>"
        ),
        "`{{ x }}` and\n\n```\n{% if %}\n```": (
            "<p><code>{{ x }}</code> and</p> <pre><code>{% if %} </code></pre>"
        ),
        "{% highlight ruby %}\na\n{% endhighlight %}": (
            '<pre><code class="language-ruby">a </code></pre>'
        ),
        "a {% comment %}b {{ c }}{% endcomment %}d": "<p>a d</p>",
        "{% if a %}yes{% else %}no{% endif %}": "<p>yes</p>",
        "a{% for x in y %}{{ x }}{% endfor %}b": "<p>ab</p>",
        "[x]({% post_url 2024-01-02-c %})": (
            '<p><a href="https://example.org/posts/2024-01-02-c/">x</a></p>'
        ),
        "[x]({% link posts/b.md %}#y)": '<p><a href="https://example.org/posts/b/#y">x</a></p>',
        "[x]({% post_url sub/2024-01-02-c %})": (
            '<p><a href="https://example.org/posts/2024-01-02-c/">x</a></p>'
        ),
        "[x]({% link files/y.pdf %})": (
            '<p><a href="https://example.org/files/y.pdf">x</a></p>'
        ),
        "[x]({% post_url nowhere %}) {% unknown %}": "<p><a>x</a> </p>",
        "![x]({{ '/a.png' | relative_url }})": (
            '<p><img src="https://example.org/a.png" alt="x"></p>'
        ),
        "{{ page.title }} of {{ site.title | upcase }}": "<p>The title of THE SITE</p>",
        "{% assign x = 'y' %}{{ x }}": "<p>y</p>",
        "[a]({{ site.unknown }}/b)": "<p><a>a</a></p>",
        '{% include box.html name="n" %}': "<p><b>n</b></p>",
        "{% include youtube.html id='abcdef' %}": (
            '<p><a href="https://www.youtube.com/watch?v=abcdef">'
            "https://www.youtube.com/watch?v=abcdef</a></p>"
        ),
        "a {{ unclosed": "<p>a  unclosed</p>",
    },
    "hexo": {
        "{% asset_img a.png A picture %}": (
            '<figure><img src="https://example.org/blog/a/a.png" alt="A"></figure>'
        ),
        "{% post_link 2024-01-02-c A text %}": (
            '<p><a href="https://example.org/posts/2024-01-02-c/">A text</a></p>'
        ),
        "{% codeblock lang:js %}\n{{ a }}\n{% endcodeblock %}": (
            '<pre><code class="language-js">{{ a }} </code></pre>'
        ),
    },
    "hugo": {
        '{{< figure src="a.png" alt="A" caption="C" >}}': (
            '<figure><img src="https://example.org/blog/a/a.png" alt="A">'
            "<figcaption>C</figcaption></figure>"
        ),
        "{{< youtube abcdef >}}": (
            '<p><a href="https://www.youtube.com/watch?v=abcdef">'
            "https://www.youtube.com/watch?v=abcdef</a></p>"
        ),
        '[x]({{< ref "b.md#y" >}})': '<p><a href="https://example.org/posts/b/#y">x</a></p>',
        '[x]({{< relref "nowhere" >}})': '<p><a>x</a></p>',
        "{{% note %}}\n*a*\n{{% /note %}}": (
            "<blockquote> <p><strong>Note</strong></p> <p><em>a</em></p> </blockquote>"
        ),
        "a {{< unknown x=1 >}}b{{< /unknown >}} c": "<p>a b c</p>",
        "{{</* figure x */>}} `{{</* figure */>}}`": (
            "<p>{{&lt; figure x &gt;}} <code>{{&lt; figure &gt;}}</code></p>"
        ),
        "{{< highlight go >}}\na{{< x >}}\n{{< /highlight >}}": (
            '<pre><code class="language-go">a{{&lt; x &gt;}} </code></pre>'
        ),
        '{{< details "More" >}}a{{< /details >}}': (
            "<details><summary>More</summary> <p>a</p> </details>"
        ),
        "{{< gist jane 123 >}}": (
            '<p><a href="https://gist.github.com/jane/123">https://gist.github.com/jane/123</a></p>'
        ),
        "text {{ x }} of another language": "<p>text {{ x }} of another language</p>",
    },
    "zola": {
        '{{ youtube(id="abcdef", autoplay=true) }}': (
            '<p><a href="https://www.youtube.com/watch?v=abcdef">'
            "https://www.youtube.com/watch?v=abcdef</a></p>"
        ),
        '{% quote(author="J") %}*a*{% end %}': (
            "<blockquote> <p><em>a</em></p> </blockquote>"
        ),
        "{{/* f() */}} {{ unknown(a=1) }}": "<p>{{ f() }} </p>",
        "[x](@/posts/b.md#y)": '<p><a href="https://example.org/posts/b/#y">x</a></p>',
    },
    "docusaurus": {
        "import X from 'y'\n\nText <X a={b}>*in*</X> {1 + 1}.": "<p>Text <em>in</em> .</p>",
        "<Tabs>\n  <TabItem label=\"A\">\n    text\n  </TabItem>\n</Tabs>": (
            "<p><strong>A</strong></p> <p>text</p>"
        ),
        ":::tip[My *title*]\n\na\n\n:::": (
            "<blockquote> <p><strong>My <em>title</em></strong></p> <p>a</p> </blockquote>"
        ),
        "`{x}` and {/* y */}<b className='z'>w</b>": "<p><code>{x}</code> and <b>w</b></p>",
        "{'text'} \\{x\\}": "<p>text {x}</p>",
    },
    "vitepress": {
        "::: details More\na\n:::": "<details><summary>More</summary> <p>a</p> </details>",
        "<Badge text='x' /> a {b}": "<p>a {b}</p>",
    },
    "quarto": {
        '::: {.callout-note title="T"}\na\n:::': (
            "<blockquote> <p><strong>T</strong></p> <p>a</p> </blockquote>"
        ),
        "```{python}\n#| echo: true\n1\n```": (
            '<pre><code class="language-python">1 </code></pre>'
        ),
        "{{< meta author.0 >}}": "<p>Jane</p>",
        "{{{< video x >}}}": "<p>{{&lt; video x &gt;}}</p>",
    },
    "mkdocs": {
        '!!! note "T"\n\n    a\n\n    ```\n    !!! b\n    ```\n\nc': (
            "<blockquote> <p><strong>T</strong></p> <p>a</p> <pre><code>!!! b </code></pre>"
            " </blockquote> <p>c</p>"
        ),
        '=== "A"\n\n    a\n\n=== "B"\n\n    b': (
            "<p><strong>A</strong></p> <p>a</p> <p><strong>B</strong></p> <p>b</p>"
        ),
        '--8<-- "part.md"': "<p>Included <em>text</em></p>",
        ":octicons-x-16:{ .lg } :tada: `:tada:`": "<p>🎉 <code>:tada:</code></p>",
        "++ctrl+c++ ==a==": "<p><kbd>Ctrl</kbd>+<kbd>C</kbd> <mark>a</mark></p>",
    },
    "pelican": {
        "[x]({filename}b.md) ![y]({static}/images/y.png)": (
            '<p><a href="https://example.org/posts/b/">x</a> '
            '<img src="https://example.org/images/y.png" alt="y"></p>'
        ),
        "[x]({attach}z.pdf)": '<p><a href="https://example.org/blog/a/z.pdf">x</a></p>',
        "    :::python\n    a": '<pre><code class="language-python">a</code></pre>',
        "{% img left /a.png 60 [A b] %}": (
            '<figure><img src="https://example.org/a.png" alt="A b"></figure>'
        ),
        "{% youtube abcdefgh 6 7 %} `{% x %}` {{ y }}": (
            '<p><a href="https://www.youtube.com/watch?v=abcdefgh">'
            "https://www.youtube.com/watch?v=abcdefgh</a> <code>{% x %}</code> {{ y }}</p>"
        ),
    },
}  # fmt: skip
DATA = {"author": ["Jane"]}


@pytest.mark.parametrize(
    ("language", "body", "html"),
    [(language, body, html) for language, cases in CASES.items() for body, html in cases.items()],
)
def test_templates_are_shown_plainly(language: str, body: str, html: str) -> None:
    assert " ".join(html.split()) == render(body, language, data=DATA).replace("\n", " ")


@pytest.mark.parametrize(
    ("language", "body", "names"),
    [
        ("liquid", "{% a %}{% a %}{{ b }}", ["{% a %}", "{{ b }}"]),
        (
            "pelican",
            "{% notebook a.ipynb %} {% include_code b.py %}",
            ["{% notebook %}", "{% include_code %}"],
        ),
        ("liquid", "{% for x in y %}{{ z }}{% endfor %}", ["{% for %}"]),
        ("hugo", "{{< a >}} {{< a >}}", ["{{< a >}}"]),
        ("hugo", '{{< ref "z.md" >}}', ["z.md"]),
        ("zola", "{{ a() }}", ["{{ a() }}"]),
        ("docusaurus", "<A/><A/>", ["<A>"]),
        ("vitepress", "::: a\n:::", [":::a"]),
        ("mkdocs", '--8<-- "z.md"', ["z.md"]),
        ("mkdocs", "[x](z.md)", ["z.md"]),
    ],
)
def test_what_is_left_out_is_noticed_once_by_its_name(
    language: str, body: str, names: list[str]
) -> None:
    assert notices(body, language) == names


def test_markdown_files_of_astro_are_no_mdx() -> None:
    assert render("a {b}", "mdx") == "<p>a {b}</p>"
    assert render("a {b}", "mdx", path="a.mdx") == "<p>a</p>"


PIECES = st.sampled_from([
    "{{", "}}", "{%", "%}", "{{<", ">}}", "{{%", "%}}", "{#", "#}", "{", "}", "x", " ", "\n",
    "\n\n", "`", "```\n", "if a", "endif", "raw", "endraw", "for x in y", "end", "f()", "/", "*/",
    "/*", '"', "'", "|", "<A", "</A>", "/>", ">", "=", ":::", ":::note\n", "!!! note\n", "    ",
    "import a from 'b'\n", "- ", "> ", "{: .x}", "[^1]", "[^1]: n", "<!-- more -->", "[", "](",
    ")", "<div markdown>", "</div>", "*[a]: b\n", "=== \"A\"\n", "highlight", "é", "\\",
])  # fmt: skip
LANGUAGES = tuple(CASES)
SYNTAX = {
    "liquid": r"\{\{|\{%", "hexo": r"\{\{|\{%", "zola": r"\{\{|\{%", "hugo": r"\{\{(?:&lt;|%)",
    "quarto": r"\{\{(?:&lt;|%)",
}  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(LANGUAGES))
@example("`a` {{ b", "liquid")
def test_no_template_is_left_outside_code_of_any_body(body: str, language: str) -> None:
    html = render(body, language, path="a.mdx")
    shown = re.sub(r"<(pre|code)\b.*?</\1>", "", html)
    if language in SYNTAX and not re.search(r"raw|/\*|\{\{\{", body):
        assert not re.search(SYNTAX[language], shown)
    assert not re.search("[\U0010ff01-\U0010ff03]", html)


HOSTILE = (
    "{{ ", "{% ", "{% if %}", "{% raw %}", "{{< ", '{{< a "', "{{< a >}}", "{", "<A ", "<A a={",
    "<A>", "import {\n", ":::", "::: note\n", "!!! note\n", "!!! note\n    ", "`", "`` ` ",
    "{: .", "*[", "[^a]", "[^a]: x\n\n", "<div markdown>\n", ":a", "++a", "==a", "www.", "http://(",
    ").", "<!-- more -->", "\n```", "--8<-- \"a\"\n", "{/*", "{'", "export const a = [\n\n",
    "{{ a |", "/*", "\n\n    a", "{% highlight %}", "<pre>",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_the_length_of_a_body(piece: str, language: str) -> None:
    body = piece * (60_000 // len(piece))
    began = time.process_time()
    with suppress(BodyError):
        render(body, language, path="a.mdx", dialect={"linkify": True})
    assert time.process_time() - began < 3


def test_attributes_and_tables_of_contents_are_left_out() -> None:
    body = "* TOC\n{:toc}\n\n# H {: #own .x}\n\np{: .y}\n\n[TOC]\n\n*[HTML]: x\n\n`{: .z}`"
    assert render(body) == '<h1 id="own">H</h1> <p>p</p> <p><code>{: .z}</code></p>'


def test_markdown_in_html_is_read_where_its_tag_says_so() -> None:
    assert render('<div markdown="1">\n*a*\n</div>') == "<div> <p><em>a</em></p> </div>"


def test_a_plain_dialect_has_no_templates() -> None:
    assert render("{{ a }} {% b %}") == "<p>{{ a }} {% b %}</p>"
