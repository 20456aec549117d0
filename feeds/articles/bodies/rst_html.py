"""HTML of reStructuredText as feeds show it, where docutils writes markup of its own. No I/O."""

from html import escape

from docutils import nodes
from docutils.writers import html5_polyglot

_VIDEO = (".mp4", ".webm", ".ogv", ".mov", ".m4v")


class Writer(html5_polyglot.Writer):
    """A writer whose parts have code with its language, and notes as quotations."""

    def __init__(self) -> None:
        super().__init__()
        self.translator_class = _Translator


class _Translator(html5_polyglot.HTMLTranslator):
    """Writes each node when docutils visits it. Images are never read, only referred to."""

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        names = [name for name in node["classes"] if name != "code"]
        language = f' class="language-{escape(names[0])}"' if names else ""
        self.body.append(f"<pre><code{language}>")

    def depart_literal_block(self, _node: nodes.literal_block) -> None:
        self.body.append("</code></pre>\n")

    def visit_doctest_block(self, _node: nodes.doctest_block) -> None:
        self.body.append('<pre><code class="language-pycon">')

    def depart_doctest_block(self, _node: nodes.doctest_block) -> None:
        self.body.append("</code></pre>\n")

    def visit_literal(self, _node: nodes.literal) -> None:
        self.body.append("<code>")

    def depart_literal(self, _node: nodes.literal) -> None:
        self.body.append("</code>")

    def visit_math_block(self, node: nodes.math_block) -> None:
        text = escape(node.astext(), quote=False)
        self.body.append(f'<pre><code class="language-latex">{text}</code></pre>\n')
        raise nodes.SkipNode

    def visit_math(self, node: nodes.math) -> None:
        self.body.append(f"<code>{escape(node.astext(), quote=False)}</code>")
        raise nodes.SkipNode

    def visit_image(self, node: nodes.image) -> None:
        source = escape(node["uri"])
        if node["uri"].lower().endswith(_VIDEO):
            self.body.append(f'<video src="{source}" controls></video>')
            return
        sizes = "".join(
            f' {name}="{size}"'
            for name in ("width", "height")
            if (size := str(node.get(name, "")).removesuffix("px")).isdigit()
        )
        self.body.append(f'<img src="{source}" alt="{escape(node.get("alt", ""))}"{sizes}>')

    def visit_admonition(self, _node: nodes.admonition) -> None:
        self.body.append("<blockquote>\n")

    def depart_admonition(self, _node: nodes.admonition | None = None) -> None:
        self.body.append("</blockquote>\n")

    def visit_topic(self, node: nodes.topic) -> None:
        if "contents" in node["classes"]:
            raise nodes.SkipNode
        self.body.append("<blockquote>\n")

    def depart_topic(self, _node: nodes.topic) -> None:
        self.body.append("</blockquote>\n")

    def visit_sidebar(self, _node: nodes.sidebar) -> None:
        self.body.append("<blockquote>\n")

    def depart_sidebar(self, _node: nodes.sidebar) -> None:
        self.body.append("</blockquote>\n")

    def visit_section(self, _node: nodes.section) -> None:
        self.section_level += 1

    def depart_section(self, _node: nodes.section) -> None:
        self.section_level -= 1

    def visit_title(self, node: nodes.title) -> None:
        if isinstance(node.parent, nodes.Admonition | nodes.topic | nodes.sidebar):
            self.body.append("<p><strong>")
            self.context.append("</strong></p>\n")
        elif isinstance(node.parent, nodes.section):
            level = min(self.section_level + self.initial_header_level - 1, 6)
            self.body.append(f'<h{level} id="{escape(node.parent["ids"][0])}">')
            self.context.append(f"</h{level}>\n")
        else:
            super().visit_title(node)
