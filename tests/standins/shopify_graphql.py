"""The Admin GraphQL API of the stand-in: real schema, real validation, cost and throttling.

Cost as Shopify counts it: a mutation 10, a leaf 0, an object 1, a connection 2 and its page size times one
node; no query may cost more than 1,000; the bucket must hold the requested cost and gets back what was not
used (Shopify documentation, apps/build/apis/graphql-admin/rate-limits; the two points of a connection are
measured by others and not documented).
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import graphql
from graphql.execution.values import (
    VariableValues,
    get_argument_values,
    get_directive_values,
    get_variable_values,
)

from tests.standins.shopify_discounts import BASIC, FREE_SHIPPING
from tests.standins.shopify_search import Node, UnknownSearch, search
from tests.standins.shopify_state import Shop

WHOLE_SCHEMA = Path(__file__).parents[3] / "shared/data/shopify/admin-schema.2026-10.graphql.gz"
EXCERPT = Path(__file__).with_name("shopify_admin.graphql")
MOST_POINTS = 1000
MUTATION_POINTS = 10
DESCRIPTION = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""')
"""Most of the text, and much of the time to read it; the stand-in needs none."""

_SORT_KEYS = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt", "TITLE": "title"}


@cache
def admin_schema() -> graphql.GraphQLSchema:
    """The whole schema where it lies beside the project, else our excerpt of it."""
    if WHOLE_SCHEMA.exists():
        text = gzip.decompress(WHOLE_SCHEMA.read_bytes()).decode("utf-8")
    else:
        text = EXCERPT.read_text(encoding="utf-8")
    # Shopify deprecates fields that an interface keeps, which strict validation of a schema refuses.
    return graphql.build_schema(DESCRIPTION.sub("", text), assume_valid=True, no_location=True)


@dataclass
class Bucket:
    """The points of one shop, refilled as time passes."""

    maximum: float = 2000.0
    restore_rate: float = 100.0
    level: float = 2000.0
    at: float = 0.0

    def refill(self, now: float) -> None:
        self.level = min(self.maximum, self.level + (now - self.at) * self.restore_rate)
        self.at = now


@dataclass
class AdminApi:
    """Answers of the API for the shop that a token belongs to."""

    complaints: list[str] = field(default_factory=list)

    def answer(self, shop: Shop, bucket: Bucket, now: float, request: Mapping[str, Any]) -> dict[str, Any]:
        """The body of an HTTP 200: data, errors and cost."""
        schema = admin_schema()
        try:
            document = graphql.parse(request["query"])
            variables = _variables(schema, document, request.get("variables") or {})
        except (graphql.GraphQLError, KeyError, TypeError) as error:
            return self._refuse(str(error))
        rules = [*graphql.specified_rules, graphql.NoDeprecatedCustomRule]
        faults = graphql.validate(schema, document, rules)
        if faults:
            return self._refuse("; ".join(fault.message for fault in faults))
        bucket.refill(now)
        requested = cost_of(schema, document, variables)
        if requested > MOST_POINTS:
            return _error("MAX_COST_EXCEEDED", f"Query cost is {requested}, which exceeds {MOST_POINTS}")
        if bucket.level < requested:
            return _error("THROTTLED", "Throttled") | _cost(requested, None, bucket)
        return self._execute(schema, document, request, shop, bucket, requested)

    def _execute(
        self,
        schema: graphql.GraphQLSchema,
        document: graphql.DocumentNode,
        request: Mapping[str, Any],
        shop: Shop,
        bucket: Bucket,
        requested: int,
    ) -> dict[str, Any]:
        result = graphql.execute_sync(
            schema,
            document,
            root_value=shop,
            variable_values=request.get("variables") or {},
            field_resolver=_resolve,
        )
        unexpected = [error for error in result.errors or [] if "code" not in (error.extensions or {})]
        self.complaints += [str(error) for error in unexpected]
        used = min(requested, _objects(result.data))
        bucket.level -= used
        return dict(result.formatted) | _cost(requested, used, bucket)

    def _refuse(self, complaint: str) -> dict[str, Any]:
        self.complaints.append(complaint)
        return {"errors": [{"message": complaint, "extensions": {"code": "undefinedField"}}]}


def _variables(
    schema: graphql.GraphQLSchema, document: graphql.DocumentNode, given: Mapping[str, Any]
) -> VariableValues:
    operation = graphql.get_operation_ast(document)
    if operation is None:
        raise KeyError("exactly one operation is expected")
    definitions = operation.variable_definitions or ()
    declared = {definition.variable.name.value for definition in definitions}
    if set(given) - declared:
        raise KeyError(f"undeclared variables {sorted(set(given) - declared)}")
    values = get_variable_values(schema, definitions, dict(given))
    if isinstance(values, list):
        raise values[0]
    return values


def _error(code: str, message: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _cost(requested: int, used: int | None, bucket: Bucket) -> dict[str, Any]:
    status = {
        "maximumAvailable": bucket.maximum,
        "currentlyAvailable": int(bucket.level),
        "restoreRate": bucket.restore_rate,
    }
    cost = {"requestedQueryCost": requested, "actualQueryCost": used, "throttleStatus": status}
    return {"extensions": {"cost": cost}}


def _objects(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return int(isinstance(value, dict)) + sum(_objects(entry) for entry in inner)


def cost_of(schema: graphql.GraphQLSchema, document: graphql.DocumentNode, variables: VariableValues) -> int:
    """What the operation may cost at most."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, graphql.FragmentDefinitionNode)
    }
    counter = _CostCounter(schema, fragments, variables)
    operation = graphql.get_operation_ast(document)
    if operation is None:
        return 0
    if operation.operation is graphql.OperationType.MUTATION:
        return MUTATION_POINTS
    return counter.of(operation.selection_set, schema.query_type)


@dataclass
class _CostCounter:
    schema: graphql.GraphQLSchema
    fragments: Mapping[str, graphql.FragmentDefinitionNode]
    variables: VariableValues

    def of(self, selections: graphql.SelectionSetNode | None, parent: Any) -> int:
        return sum(self._selection(node, parent) for node in selections.selections) if selections else 0

    def _selection(self, node: Any, parent: Any) -> int:
        included = get_directive_values(graphql.GraphQLIncludeDirective, node, self.variables)
        if included and not included["if"]:
            return 0
        if isinstance(node, graphql.FragmentSpreadNode):
            fragment = self.fragments[node.name.value]
            return self.of(fragment.selection_set, self.schema.type_map[fragment.type_condition.name.value])
        if isinstance(node, graphql.InlineFragmentNode):
            return self.of(node.selection_set, self.schema.type_map[node.type_condition.name.value])
        if node.name.value == "__typename":
            return 0
        definition = parent.fields[node.name.value]
        returned = graphql.get_named_type(definition.type)
        if graphql.is_leaf_type(returned) or returned.name == "PageInfo":
            return 0
        inside = self.of(node.selection_set, returned)
        arguments = get_argument_values(definition, node, self.variables)
        if not returned.name.endswith("Connection"):
            return (1 + inside) * len(arguments.get("ids", "1"))
        return 2 + int(arguments.get("first") or arguments.get("last") or 0) * inside


def _resolve(source: Any, info: graphql.GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    shop: Shop = info.root_value
    parent, name = info.parent_type.name, info.field_name
    if f"{parent}.{name}" in shop.withheld:
        raise graphql.GraphQLError(f"Access denied for {name} field.", extensions={"code": "ACCESS_DENIED"})
    if parent == "QueryRoot":
        return _root(shop, name, arguments)
    if parent == "Mutation":
        return _change(shop, name, arguments)
    if name == "customer" and parent != "CustomerSmsMarketingConsentUpdatePayload":
        return shop.customers.get(source["customer"]["id"]) if source["customer"] else None
    if parent == "Customer" and name == "orders":
        own = [order for order in shop.orders.values() if (order["customer"] or {}).get("id") == source["id"]]
        return _page("orders", own, arguments)
    value = source.get(name)
    if graphql.get_named_type(info.return_type).name.endswith("Connection"):
        return _page(None, value, arguments)
    return value


def _change(shop: Shop, name: str, arguments: Mapping[str, Any]) -> Any:
    if name == "customerSmsMarketingConsentUpdate":
        return shop.write_consent(arguments["input"])
    _need(shop, "write_discounts")
    discounts = shop.discounts
    if name == "discountCodeDelete":
        return discounts.delete(arguments["id"])
    if discounts.throttled:
        discounts.throttled -= 1
        raise graphql.GraphQLError("Throttled", extensions={"code": "THROTTLED"})
    made = discounts.make(*_asked(name, arguments))
    discounts.answers_lost -= bool(discounts.answers_lost)
    return made


def _asked(name: str, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if name == "discountCodeBasicCreate":
        return BASIC, arguments["basicCodeDiscount"]
    return FREE_SHIPPING, arguments["freeShippingCodeDiscount"]


def _need(shop: Shop, scope: str) -> None:
    """To write implies to read."""
    if not {scope, scope.replace("read_", "write_")} & set(shop.scopes):
        raise graphql.GraphQLError("Access denied.", extensions={"code": "ACCESS_DENIED"})


def _root(shop: Shop, name: str, arguments: Mapping[str, Any]) -> Any:
    lists = {
        "orders": shop.orders,
        "abandonedCheckouts": shop.checkouts,
        "customers": shop.customers,
        "products": shop.products,
        "collections": shop.collections,
    }
    if name in ("products", "collections"):
        _need(shop, "read_products")
    if name in lists:
        return _page(name, list(lists[name].values()), arguments)
    if name == "nodes":
        known = shop.variants | shop.products | shop.collections
        return [known.get(gid) for gid in arguments["ids"]]
    if name in ("codeDiscountNodeByCode", "discountNodes"):
        _need(shop, "read_discounts")
    if name == "discountNodes":
        return _page(name, shop.discounts.shown(), arguments)
    if name == "codeDiscountNodeByCode":
        found = shop.discounts.find(arguments["code"])
        return found and found.node
    if name == "customerByIdentifier":
        number = arguments["identifier"].get("phoneNumber")
        numbered = (customer for customer in shop.customers.values() if customer["defaultPhoneNumber"])
        return next((one for one in numbered if one["defaultPhoneNumber"]["phoneNumber"] == number), None)
    return {
        "shop": shop.details,
        "shopLocales": shop.locales,
        "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in shop.scopes]},
    }[name]


def _page(kind: str | None, nodes: Sequence[Node], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One page of a connection; a cursor is a position in the list as it is sorted now."""
    if "first" not in arguments and "last" not in arguments:
        raise graphql.GraphQLError("you must provide one of first or last")
    if kind:
        nodes = _sorted(_searched(kind, nodes, arguments.get("query")), arguments)
    first = arguments["first"]
    ids = [node.get("id") for node in nodes]
    after = base64.b64decode(arguments["after"]).decode() if arguments.get("after") else None
    start = ids.index(after) + 1 if after else 0
    shown = list(nodes[start : start + first])
    end = base64.b64encode(str(shown[-1].get("id")).encode()).decode() if shown else None
    return {"nodes": shown, "pageInfo": {"hasNextPage": start + first < len(nodes), "endCursor": end}}


def _searched(kind: str, nodes: Sequence[Node], text: str | None) -> list[Node]:
    try:
        keeps = search(kind, text)
    except UnknownSearch as error:
        raise graphql.GraphQLError(str(error)) from error
    return [node for node in nodes if keeps(node)]


def _sorted(nodes: list[Node], arguments: Mapping[str, Any]) -> list[Node]:
    by = _SORT_KEYS.get(arguments.get("sortKey", "ID"), "id")
    return sorted(nodes, key=lambda node: (node[by], node["id"]), reverse=bool(arguments.get("reverse")))
