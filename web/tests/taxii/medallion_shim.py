"""A plugin of pytest that points medallion's cases at our server.

They speak with a Flask application through its test client; here the client is a small one over a socket, and the package
`medallion` a stand-in, so that neither Flask nor anything of that server is needed. Its cases and their data stay what they are.
"""

import ast
import datetime
import http.client
import json
import os
import pathlib
import sys
import types

REPO = pathlib.Path.cwd()
ADDRESS = os.environ["TAXII_ADDRESS"]
TOKEN = os.environ["TAXII_TOKEN"]
ROOTS = os.environ["TAXII_ROOTS"].split()
MEDIA_TYPE = "application/taxii+json;version=2.1"

# They look into that server itself, not at what it says.
INSIDE = {
    "test_no_config",
    "test_default_taxii_no_taxii_section",
    "test_default_userpass_no_auth_section",
    "test_default_backend_no_backend_section",
    "test_save_to_file",
    "test_status_cleanup",
}


class Answer:
    def __init__(self, response, body):
        self.status_code = response.status
        self.headers = response.headers
        self.content_type = response.headers.get("Content-Type")
        self.data = body

    @property
    def json(self):
        text = self.data.decode()
        for root in ROOTS:
            text = text.replace("/taxii2/%s/" % root, "/%s/" % root)
        return json.loads(text)


class Client:
    """As much of Flask's test client as the cases use. That server's pages have 20 objects, so ours are asked for as many."""

    def get(self, path, headers=None, follow_redirects=False):
        is_page = any(part in path for part in ("/objects", "/manifest"))
        if is_page and "limit=" not in path:
            path += ("&" if "?" in path else "?") + "limit=20"
        return self.ask("GET", path, headers, None, follow_redirects)

    def post(self, path, data=None, headers=None, follow_redirects=False):
        return self.ask("POST", path, headers, data, follow_redirects)

    def delete(self, path, headers=None, follow_redirects=False):
        return self.ask("DELETE", path, headers, None, follow_redirects)

    def ask(self, method, path, headers, body, follow_redirects):
        if not path.startswith("/taxii2/"):
            path = "/taxii2" + path
        for _ in range(5):
            connection = http.client.HTTPConnection(ADDRESS, timeout=30)
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            answer = Answer(response, response.read())
            connection.close()
            if not (follow_redirects and answer.status_code in (301, 302, 307, 308)):
                return answer
            path = answer.headers["Location"]
        raise AssertionError("the way leads in a circle")


def literal(name):
    """A constant of the cases' base class."""
    tree = ast.parse((REPO / "medallion/test/base_test.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(target, "id", None) == name for target in node.targets):
            return ast.literal_eval(node.value)
    raise AssertionError("no " + name)


def basic():
    import base64

    return "Basic " + base64.b64encode(("admin:" + TOKEN).encode()).decode()


class TaxiiTest:
    type = None
    TEST_OBJECT = literal("TEST_OBJECT")

    def setUp(self, start_threads=True):
        self.client = Client()
        self.headers = {"Accept": MEDIA_TYPE, "Authorization": basic()}
        self.post_headers = dict(self.headers, **{"Content-Type": MEDIA_TYPE})

    def tearDown(self):
        pass


def stand_in(name, **values):
    module = types.ModuleType(name)
    module.__dict__.update(values)
    sys.modules[name] = module
    if "." in name:
        parent, _, last = name.rpartition(".")
        setattr(sys.modules[parent], last, module)
    return module


def now():
    return datetime.datetime.now(datetime.timezone.utc)


stand_in("medallion").__path__ = [str(REPO / "medallion")]
stand_in("medallion.common", get_timestamp=now, datetime_to_string_stix=lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
stand_in("medallion.backends").__path__ = []
stand_in("medallion.backends.base", SECONDS_IN_24_HOURS=24 * 60 * 60)
stand_in("medallion.views", MEDIA_TYPE_TAXII_V21=MEDIA_TYPE)
import medallion.test  # noqa: E402

stand_in("medallion.test.base_test", TaxiiTest=TaxiiTest)


def pytest_collection_modifyitems(config, items):
    def speaks_http(item):
        return item.originalname not in INSIDE and "[mongo]" not in item.name and "[mongo-" not in item.name

    chosen = [item for item in items if speaks_http(item)]
    config.hook.pytest_deselected(items=[item for item in items if not speaks_http(item)])
    items[:] = chosen


def pytest_terminal_summary(terminalreporter):
    def count(*names):
        return sum(len(terminalreporter.stats.get(name, [])) for name in names)

    print("\noracle: %d passed, %d failed" % (count("passed"), count("failed", "error")))
