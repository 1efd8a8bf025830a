"""Does with taxii2-client what its users do: address, token and collection are the arguments."""

import sys

from taxii2client.exceptions import AccessError
from taxii2client.v21 import Server, as_pages
from requests.exceptions import HTTPError

address, token, name = sys.argv[1:]

# By the password of the Basic scheme, as most connectors do it.
server = Server(address + "/taxii2/", user="anybody", password=token)
assert server.title == "Watchbell", server.title
root = server.default
assert root.url == server.api_roots[0].url == address + "/taxii2/shared/", root.url
assert root.versions == ["application/taxii+json;version=2.1"] and root.max_content_length > 1_000_000
collection = next(one for one in root.collections if one.id == name)
assert collection.can_read and collection.can_write
assert collection.media_types == ["application/stix+json;version=2.1"]


def tool(number, version=1):
    return {
        "type": "tool",
        "spec_version": "2.1",
        "id": "tool--%08d-0000-4000-8000-000000000000" % number,
        "created": "2020-01-01T00:00:00.000Z",
        "modified": "2020-01-%02dT00:00:00.000Z" % version,
        "name": "tool %d" % number,
    }


status = collection.add_objects({"objects": [tool(number) for number in range(250)]})
assert status.status == "complete" and status.success_count == 250 and status.failure_count == 0
again = root.get_status(status.id)
assert again.total_count == 250 and len(again.successes) == 250

collection.add_objects({"objects": [tool(7, 2), tool(7, 3), {"type": "tool"}]}, wait_for_completion=False)
pages = list(as_pages(collection.get_objects, per_request=100))
ids = [one["id"] for page in pages for one in page["objects"]]
assert len(ids) == 250 == len(set(ids)), len(ids)
assert [len(page["objects"]) for page in pages] == [100, 100, 50]

manifest = [one for page in as_pages(collection.get_manifest, per_request=90, version="all") for one in page["objects"]]
assert len(manifest) == 252
assert all(one["date_added"] < other["date_added"] for one, other in zip(manifest, manifest[1:]))
rest = collection.get_objects(added_after=manifest[-3]["date_added"], version="all")
assert [one["modified"][8:10] for one in rest["objects"]] == ["02", "03"], rest
assert collection.get_objects(added_after=manifest[-1]["date_added"]) == {}

seventh = tool(7)["id"]
assert collection.get_object(seventh)["objects"][0]["modified"].startswith("2020-01-03")
assert len(collection.get_object(seventh, version="all")["objects"]) == 3
assert len(collection.object_versions(seventh)["versions"]) == 3
collection.delete_object(seventh, version="first")
assert len(collection.object_versions(seventh)["versions"]) == 2
assert len(collection.get_objects(id=[seventh, tool(8)["id"]], type="tool")["objects"]) == 2
collection.delete_object(seventh)
try:
    collection.get_object(seventh)
    raise AssertionError("it is there still")
except HTTPError as error:
    assert error.response.status_code == 404

try:
    Server(address + "/taxii2/", user="anybody", password="wbt_wrong").title
    raise AssertionError("anybody is let in")
except HTTPError as error:
    assert error.response.status_code == 401
collection._loaded, collection._can_write = True, False
try:
    collection.add_objects({"objects": [tool(1)]})
    raise AssertionError("the client writes where it may not")
except AccessError:
    pass
print("all is well")
