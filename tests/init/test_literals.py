"""Configuration files of generators are read as data, and their code is not run."""

from pathlib import Path
from typing import Any

import pytest

from feeds.init import literals
from feeds.init.javascript import Call, Script, Template
from feeds.init.unknown import UNKNOWN


def test_a_yaml_tag_for_the_environment_has_its_default() -> None:
    text = "a: !ENV [CI, false]\nb: !ENV NAME\nc: !ENV [A, B, x]"
    assert literals.parse_yaml(text) == {"a": False, "b": None, "c": "x"}


def test_a_tab_indents_yaml_by_two_spaces() -> None:
    assert literals.parse_yaml("a:\n\tb:\n\t\tc: '\t'\n") == {"a": {"b": {"c": "\t"}}}


def test_a_yaml_tag_for_python_is_text_and_runs_nothing() -> None:
    text = (
        "a: !!python/name:material.emoji.twemoji\n"
        "b: !!python/object/apply:os.system [echo]\n"
        "c: !relative $docs_dir\n"
        "d: !mine {x: 1}"
    )
    assert literals.parse_yaml(text) == {
        "a": "material.emoji.twemoji",
        "b": ["echo"],
        "c": "$docs_dir",
        "d": {"x": 1},
    }


def test_json_may_have_comments_and_trailing_commas() -> None:
    assert literals.parse_json('{// why\n"a": [1, 2,], /* b */ b: null}') == {
        "a": [1, 2],
        "b": None,
    }


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.toml", "a = 1\nb = ?", "conf/a.toml:2 is not valid TOML"),
        ("a.yml", "a: 1\nb: ]", "conf/a.yml:2 is not valid YAML"),
        ("a.yml", "a: 2024-13-01", "conf/a.yml is not valid YAML"),
        ("a.json", '{"a": 1,\n ]', "conf/a.json:2 is not valid JSON"),
    ],
)
def test_a_broken_file_is_a_sentence_with_its_line(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    (tmp_path / "conf").mkdir()
    file = tmp_path / "conf" / name
    file.write_text(text)
    unclear: list[str] = []
    assert literals.read_mapping(file, unclear, tmp_path) == {}
    assert unclear[0].startswith(sentence)
    assert unclear[0].endswith("its settings are not taken over")


def test_a_missing_or_empty_file_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "empty.yml").write_text("\ufeff\n")
    unclear: list[str] = []
    assert literals.read_data(tmp_path / "empty.yml", unclear) is None
    assert literals.read_data(tmp_path / "missing.toml", unclear) is None
    assert not unclear


# --- Python


def python_values(folder: Path, text: str) -> dict[str, Any]:
    (folder / "conf.py").write_text(text)
    return literals.read_python(folder / "conf.py").values


def test_python_settings_are_literals_names_and_sums(tmp_path: Path) -> None:
    values = python_values(
        tmp_path,
        "import os\n"
        "SITEURL = 'https://x.org' + '/blog'\n"
        "PATH: str = os.path.join('a', 'b')\n"
        "FEED = f'{SITEURL}/feed.xml'\n"
        "PATHS = ('a', 'b')\n"
        "PATHS += ['c']\n"
        "MAP = {'a': {'x': 1}}\n"
        "MAP['b'] = -2\n"
        "MAP.update(c=1)\n"
        "MAP.update({'d': None})\n"
        "ENV = os.environ.get('X', 'y')\n"
        "ROOT = os.path.dirname(os.path.abspath(__file__))\n"
        "A, B = 1, 2\n",
    )
    assert values == {
        "SITEURL": "https://x.org/blog",
        "PATH": "a/b",
        "FEED": "https://x.org/blog/feed.xml",
        "PATHS": ["a", "b", "c"],
        "MAP": {"a": {"x": 1}, "b": -2, "d": None},
        "ENV": "y",
        "ROOT": "",
        "A": 1,
        "B": 2,
    }


def test_python_settings_import_those_of_the_file_beside_them(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("A = 1\nB = 1\n")
    assert python_values(tmp_path, "from base import *\nB = 2\n") == {"A": 1, "B": 2}


def test_python_code_is_not_run_and_its_names_are_listed(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text(
        "X = open('made', 'w').write('')\nY = [1, datetime.now()]\nZ = 1 if f() else 2\n"
    )
    settings = literals.read_python(tmp_path / "conf.py")
    assert settings.values == {"Y": [1], "Z": 2}
    assert settings.unknown == ("X",)
    assert not (tmp_path / "made").exists()


def test_a_python_file_with_a_syntax_error_has_no_settings(tmp_path: Path) -> None:
    assert python_values(tmp_path, "X = (") == {}


# --- JavaScript


def test_a_script_exports_literals_and_constants() -> None:
    script = Script("""
        // @ts-check
        import { defineConfig } from "astro/config";
        const SITE: Site = { website: "https://x.org/", title: `Hi`, n: 1_000 } as const;
        export default defineConfig({
          site: SITE.website + "a", 'base': '/b', "trailingSlash": "never",
          build: { format: 'file', }, url: process.env.DEV ? "http://localhost:3" : "https://p.org",
          plain: `x ${SITE.title} \\u0041`, other: process.env.A || "d", missing: null ?? 3,
          pattern: /a[/]b{/g, list: [1, [2, -3], unknown()], ...rest,
          last: true, // the end
        } satisfies Config)
    """)
    assert script.default == {
        "site": "https://x.org/a",
        "base": "/b",
        "trailingSlash": "never",
        "build": {"format": "file"},
        "url": "https://p.org",
        "plain": "x Hi A",
        "other": "d",
        "missing": 3,
        "list": [1, [2, -3], Call("unknown", ())],
        "last": True,
    }


def test_functions_in_a_script_are_unknown_and_do_not_hide_what_follows() -> None:
    script = Script("""
        module.exports = {
          a(x) { return {b: [1, 2]} }, async c() {}, d: async () => { return 3 },
          e: (a, b) => ({f: a}), g: x => x + 1, h: function () { return "}" },
          i: `a${f(`${x}`)}`, j: new Date().getFullYear(), k: "kept",
        };
    """)
    assert script.default == {"i": Template("a${f(`${x}`)}"), "k": "kept"}


def test_a_script_shows_what_its_functions_return_and_call() -> None:
    script = Script("""
        export default async function (eleventyConfig) {
          eleventyConfig.addPlugin(feedPlugin, { outputPath: "/feed.xml", limit: 10 });
          eleventyConfig.addCollection("blog", (api) => api.getFilteredByGlob("src/blog/*.md"));
          return { dir: { input: "src" } };
        }
    """)
    assert {"dir": {"input": "src"}} in script.returned
    assert script.calls("getFilteredByGlob") == [("src/blog/*.md",)]
    plugin = {"outputPath": "/feed.xml", "limit": 10}
    assert script.calls("addPlugin") == [(UNKNOWN, plugin)]
    assert script.properties("input") == ["src"]


@pytest.mark.parametrize(
    ("imported", "file", "text"),
    [
        ('import { SITE } from "./src/consts";', "src/consts.ts", 'export const SITE = {a: "x"};'),
        ('import { S as SITE } from "./c.js";', "c.js", 'export const S = {a: "x"};'),
        ('import SITE from "./c.json" with {type: "json"};', "c.json", '{"a": "x"}'),
        ('import SITE from "@/consts";', "src/consts.ts", 'export default {a: "x"};'),
        ('import * as SITE from "./c";', "c/index.ts", 'export const a = "x";'),
        ('const { SITE } = require("./c");', "c.js", 'const SITE = {a: "x"}; exports.SITE = SITE'),
        ('const SITE = require("./c.json");', "c.json", '{"a": "x"}'),
    ],
)
def test_a_script_has_the_constants_that_it_imports(
    tmp_path: Path, imported: str, file: str, text: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    (tmp_path / "astro.config.mjs").write_text(f"{imported}\nexport default {{ site: SITE.a }};")
    assert literals.read_script(tmp_path / "astro.config.mjs").default == {"site": "x"}


@pytest.mark.parametrize(
    "text",
    ["", "export default", "export default {", "export default {a: [", "const a = a;", "import {",
     "export default `${", "export default {a: 'x", "({[" * 500, "const {", "a ? b",
     "export default ...", "import a from './a'", "const a: {", "module.exports = function", "/* "],
)  # fmt: skip
def test_a_broken_script_is_read_to_its_end(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.js"
    file.write_text(text)
    script = literals.read_script(file)
    for value in (script.default, script.returned, script.constants, script.properties("a")):
        assert repr(value)
