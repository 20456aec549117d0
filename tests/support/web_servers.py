"""nginx, Caddy and Apache as Debian has them, each serving an export on a separate port."""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

_SECONDS = 20
_NGINX = """
daemon off;
pid {run}/nginx.pid;
error_log {run}/error.log;
{modules}
events {{}}
http {{
    access_log off;
    include /etc/nginx/mime.types;
    client_body_temp_path {run}/body;
    proxy_temp_path {run}/proxy;
    fastcgi_temp_path {run}/fastcgi;
    uwsgi_temp_path {run}/uwsgi;
    scgi_temp_path {run}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        include "{export}/.feeds-nginx.conf";
    }}
}}
"""
_CADDY = """
{{
    admin off
    auto_https off
    storage file_system {run}
}}
http://127.0.0.1:{port} {{
    root * {root}
    import "{export}/.feeds-caddy.conf"
}}
"""
_APACHE = """
ServerRoot {run}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {run}/httpd.pid
ErrorLog {run}/error.log
User www-data
Group www-data
{modules}
TypesConfig /dev/null
DocumentRoot {root}
<Directory {root}>
    AllowOverride All
    Require all granted
</Directory>
"""
_APACHE_MODULES = (
    "mpm_event authz_core dir mime negotiation headers rewrite env setenvif filter deflate brotli"
)


class Answer(msgspec.Struct, frozen=True):
    """A response, its header names small."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """Send a request to a server of this machine; `_` in names of headers is `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    fields: dict[str, str] = {}
    for name, value in answer.getheaders():
        name = name.lower()
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return Answer(answer.status, fields, body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing(name: str) -> str | None:
    """Why a web server cannot be run here; None if it can."""
    program = {"nginx": "nginx", "caddy": "caddy", "apache": "apache2"}[name]
    return None if _program(program) else f"{program} is not installed"


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def has_brotli() -> bool:
    """Return whether nginx has the module for files precompressed with Brotli."""
    return Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so").exists()


@contextmanager
def serving(name: str, root: Path, export: Path, run: Path) -> Iterator[int]:
    """A web server of `root`, of which `export` is a part; its files are in `run`. The port."""
    run.mkdir()
    port = free_port()
    command = _COMMANDS[name](root, export, run, port)
    with (run / "out.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=run,
            # Caddy keeps its last configuration below these.
            env={**os.environ, "HOME": str(run), "XDG_CONFIG_HOME": str(run)},
        )
    try:
        _wait_for(port, process, run)
        yield port
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes], run: Path) -> None:
    for _ in range(_SECONDS * 20):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    logs = [file.read_text() for file in run.glob("*.log")]
    raise AssertionError(f"the web server did not come up: {logs}")


def _nginx(root: Path, export: Path, run: Path, port: int) -> list[str]:
    module = "load_module /usr/lib/nginx/modules/ngx_http_brotli_static_module.so;"
    text = _NGINX.format(
        root=root, export=export, run=run, port=port, modules=module if has_brotli() else ""
    )
    (run / "nginx.conf").write_text(text)
    return [str(_program("nginx")), "-p", str(run), "-c", str(run / "nginx.conf")]


def _caddy(root: Path, export: Path, run: Path, port: int) -> list[str]:
    (run / "Caddyfile").write_text(_CADDY.format(root=root, export=export, run=run, port=port))
    return [
        str(_program("caddy")), "run", "--config", str(run / "Caddyfile"), "--adapter", "caddyfile",
    ]  # fmt: skip


def _apache(root: Path, export: Path, run: Path, port: int) -> list[str]:
    del export  # configured by .htaccess
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in _APACHE_MODULES.split()
    )
    text = _APACHE.format(root=root, run=run, port=port, modules=modules)
    (run / "httpd.conf").write_text(text)
    return [str(_program("apache2")), "-f", str(run / "httpd.conf"), "-DFOREGROUND"]


_COMMANDS: Mapping[str, Callable[[Path, Path, Path, int], list[str]]] = {
    "nginx": _nginx,
    "caddy": _caddy,
    "apache": _apache,
}
