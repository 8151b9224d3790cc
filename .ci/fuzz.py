"""Hooks for schemathesis: requests about things that exist.

Left alone, the generator makes up every number it sends, and nearly every answer is a 404 or a 422.
Before the first request this reads the lists the log-in may see. Then most identifiers of a generated
request are replaced by ones from those lists, and in the phase that draws at random half of the plain
values by ones a canteen would write, so that the rules behind the first checks are reached too.
What is replaced follows from the request alone: the same seed makes the same run.
"""

import datetime
import json
import os
import re
import urllib.error
import urllib.request
import zlib
from collections import defaultdict

import schemathesis

BASE = os.environ["FUZZ_BASE"]
TOKEN = os.environ["FUZZ_TOKEN"]
# Log-ins that are fuzzed: nobody may disable them, or give them another role, while they are at work.
BUSY = set(os.environ["FUZZ_LOGINS"].split())

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# The lists, by which name others call what they hold, and under which name they hold it.
LISTS = {
    "accounts": ("account_id", "id"),
    "canteens": ("canteen_id", "id"),
    "categories": ("category", "code"),
    "consents": ("consent_id", "id"),
    "consignments": ("consignment_id", "id"),
    "divisions": ("division_code", "code"),
    "households": ("household_id", "id"),
    "listings": ("listing_id", "id"),
    "memberships": ("membership_id", None),
    "notifications": ("notification_id", "id"),
    "orders": ("order_id", "id"),
    "products": ("product_code", "code"),
    "reporting-units": ("reporting_unit_code", "code"),
    "schools": ("school_id", "id"),
    "suppliers": ("supplier_id", "id"),
}

# Names that stand for another one's values.
ALIASES = {
    "category_code": "category",
    "county": "division_code",
    "delivery_area": "division_code",
    "division": "division_code",
    "origin": "division_code",
    "origin_division_code": "division_code",
    "parent": "division_code",
    "producer_household_id": "household_id",
    "product": "product_code",
    "reporting_unit": "reporting_unit_code",
}

TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()


def day(offset):
    return (TODAY + datetime.timedelta(days=offset)).isoformat()


# What a canteen, a supplier or an office would write.
PLAIN = {
    "amount": ["12.30", "400.00"],
    "batch_number": ["B-1", "B-2"],
    "deduction": ["0.500", "0"],
    "deliver_from_on": [day(0), day(-30)],
    "deliver_on": [day(1), day(3)],
    "deliver_to_on": [day(1), day(60)],
    "display_name": ["王小农", "Li"],
    "from": [day(-30), "2026-03-02"],
    "from_on": [day(0), day(-3)],
    "gross": ["20.500", "1000"],
    "issued_on": [day(-2), day(0)],
    "issuer": ["县农业农村局"],
    "line_no": [1],
    "note": ["好", "wet"],
    "number": ["HGZ-1", "HGZ-2"],
    "price": ["3.50", "0.01"],
    "produced_on": [day(-1), day(-5)],
    "proof_number": ["WT-1", "WT-2"],
    "purchased_on": [day(-1), "2026-06-01"],
    "quantity": ["1", "20", "0.5"],
    "reason": ["下雨停课", "closed"],
    "reject_reason": ["spoiled"],
    "rejected": ["1.000", "0"],
    "seller_name": ["城关镇农贸市场"],
    "tare": ["0.500", "0"],
    "to": [day(0), "2026-07-03"],
    "to_on": [day(1), day(30)],
    "unit": ["jin", "kg"],
    "vehicle": ["贵F·10001"],
    "weight": ["10.000"],
}


def read(path):
    request = urllib.request.Request(f"{BASE}/api/v1/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        # A role sees some lists only.
        if refused.code in (400, 403, 404):
            return {}
        raise


def gather(value, found):
    """Adds every identifier of an answer under its field's name."""
    if isinstance(value, list):
        for one in value:
            gather(one, found)
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str) and name.endswith(("_id", "_code")) and name != "account_id":
                found[name][one] = None
            else:
                gather(one, found)


def survey():
    """What the log-in may see, by the name under which requests send it."""
    found = defaultdict(dict)
    for path, (name, key) in LISTS.items():
        items = read(f"{path}?limit=40").get("items", []) if key else []
        items = [item for item in items if item.get("username") not in BUSY]
        if path == "consignments":
            items = [item for item in items if item["status"] == "sent"] or items
        gather(items, found)
        for item in items:
            found[name][item[key]] = None
            if path == "accounts":
                found["membership_id"].update((one["id"], None) for one in item.get("memberships", []))
            if path == "consignments":
                found["consignment_line_id"].update((line["id"], None) for line in item["lines"])
    for school in list(found["school_id"])[:2]:
        for one in read(f"schools/{school}/inspectors") or []:
            found["inspectors"][one["username"]] = None
    # A school is offered goods from all over the province; it can order those that are brought to it,
    # and of those it orders the cooperatives', since one of them is fuzzed too.
    if len(found["school_id"]) == 1:
        county = next(iter(found["county_code"]))
        wanted = f"limit=40&deliver_to={county}&deliver_on={day(2)}&supplier_kind=cooperative"
        offers = read(f"listings?{wanted}").get("items", [])
        found["listing_id"] = {offer["id"]: None for offer in offers} or found["listing_id"]
    # Most orders of the term are done with: those that wait for somebody are worth more tries.
    waiting = {}
    for status in ("placed", "confirmed"):
        for order in read(f"orders?status={status}&limit=20").get("items", []):
            waiting[order["id"]] = None
    if waiting:
        found["order_id"] = dict(list(waiting.items()) + list(found["order_id"].items())[: len(waiting) // 4])
    known = {name: list(values) for name, values in found.items() if values}
    # Most of what one may do concerns one's own school or one's own goods.
    for held in read("me")["memberships"]:
        for name in ("school_id", "supplier_id", "reporting_unit_code"):
            if held[name] is not None:
                known[name] = [held[name]] * 6 + known.get(name, [])[:2]
    return known


KNOWN = survey()
print("known:", ", ".join(f"{len(values)} {name}" for name, values in sorted(KNOWN.items())), flush=True)


def digest(text):
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def chosen(name, value, draws):
    """The value to send under this name."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return value
    number = digest(f"{name}={value!r}")
    pool = KNOWN.get(ALIASES.get(name, name))
    # What is wrong on purpose stays so where every wrong form is tried once.
    if pool and number % 8 and (draws or UUID.fullmatch(str(value))):
        return pool[number // 8 % len(pool)]
    # The service takes an id of the caller's making where it is one of version 7.
    if draws and name == "id" and UUID.fullmatch(str(value)):
        return f"{value[:14]}7{value[15:19]}8{value[20:]}"
    if draws and name in PLAIN and number % 4:
        return PLAIN[name][number // 4 % len(PLAIN[name])]
    # One control character anywhere is enough to have a whole body refused.
    if draws and isinstance(value, str) and number % 8:
        return "".join(one for one in value if one.isprintable())
    return value


def replaced(value, name, draws):
    if isinstance(value, dict):
        # A product has its category, and mostly its weight: told twice they would mostly disagree.
        if draws and "product_code" in value and digest(repr(value)) % 4:
            value = {key: one for key, one in value.items() if key not in ("category_code", "weight")}
        return {key: replaced(one, key, draws) for key, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, name, draws) for one in value]
    return chosen(name, value, draws)


@schemathesis.hook
def before_call(context, case, kwargs):
    draws = case.meta is None or case.meta.phase.name != "coverage"
    collection = case.path.split("{")[0].rstrip("/").rsplit("/", 1)[-1]
    if collection in LISTS and case.path_parameters:
        name = LISTS[collection][0]
        case.path_parameters = {key: chosen(name, one, draws) for key, one in case.path_parameters.items()}
    if isinstance(case.query, dict) and case.query:
        case.query = replaced(case.query, "", draws)
    if isinstance(case.body, (dict, list)):
        case.body = replaced(case.body, "", draws)
    # A control character in a header is answered by the HTTP parser itself, with an empty 400: nothing of it is the service's.
    for name, value in list(case.headers.items()):
        if isinstance(value, str) and not value.isprintable():
            case.headers[name] = "".join(one for one in value if one.isprintable())
    if draws:
        number = digest(repr(case.body))
        # One key a body: the generator's favourite keys would all be taken after the first request.
        if "Idempotency-Key" in case.headers and number % 8:
            case.headers["Idempotency-Key"] = f"{number:08x}-{case.operation.method}"
        # Versions cannot be guessed.
        if number % 4:
            case.headers.pop("If-Match", None)
