"""The OpenAPI 3.1 description of what the hub asks of each system, from the declarations in `contract`."""

from typing import Any

import yaml

from carinho.services.contract import OPERATIONS, of_system
from carinho.services.operation import DAY, INTEGER, MOMENT, MONEY, TEXT, Operation

SECURITY = {
    "X-API-Key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "X-Internal-Token": {"type": "apiKey", "in": "header", "name": "X-Internal-Token"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A mesma chave outra vez recebe a primeira resposta, e nada é gravado de novo.",
    "schema": {"type": "string"},
}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["message"],
    "properties": {"message": {"type": "string"}, "errors": {"type": "object"}},
}
FIRST = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
PAGES = {"cursor": {"type": "string"}, "limit": {"type": "integer", "maximum": 100}}
PAGES_BY_NUMBER = {"page": {"type": "integer"}, "per_page": {"type": "integer", "maximum": 100}}


def document() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:  # each system has an address of its own: its name begins its paths here
        path = f"/{operation.system}{operation.path}"
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "O que o hub pede de cada sistema",
            "version": "1",
            "description": "Feito por `manage.py contract`. Os caminhos valem a partir do endereço de cada "
            "sistema, sem o seu nome no começo. `manage.py conformance SISTEMA` testa todos.",
        },
        "security": [{name: []} for name in SECURITY],
        "tags": [{"name": name} for name in dict.fromkeys(operation.system for operation in OPERATIONS)],
        "paths": paths,
        "components": {"securitySchemes": SECURITY, "schemas": {"Error": ERROR}},
    }


def as_yaml() -> str:
    text: str = yaml.dump(document(), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110)
    return text


class _Plain(yaml.SafeDumper):
    """Without anchors, which few readers expect."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.system}.{operation.name}",
        "summary": str(operation.title),
        "tags": [operation.system],
        "parameters": _parameters(operation),
    }
    rules = [str(rule) for rule in operation.rules]
    if operation.is_optional:
        rules.append("opcional: o hub só a usa se <SISTEMA>_LACKS foi escrita e não a nomeia")
    if not operation.is_safe_to_repeat:
        rules.append(
            "não há leitura que mostre se foi gravada: onde a Idempotency-Key não é honrada, uma gravação "
            "cujo fim não foi visto vai para uma pessoa, e não é repetida"
        )
    if rules:
        described["description"] = "\n".join(f"- {rule}" for rule in rules)
    if body := operation.body():
        fields = operation.fields_sent
        types = {
            field.name: {"type": TYPES[type(body[field.name])]}
            | ({"enum": list(field.values)} if field.values else {})
            for field in fields
        }
        types |= {name: {"type": TYPES[type(value)]} for name, value in operation.may_send.items()}
        always = [field.name for field in fields if field.is_always_sent]
        schema = {"type": "object", "required": always, "properties": types}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": body}},
        }
    return described | {"responses": _responses(operation)}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path
    ]
    if not operation.reads:
        return [*parameters, IDEMPOTENCY_KEY]
    if not operation.is_list:
        return parameters
    parameters += [
        {"name": name, "in": "query", "schema": {"type": "string"}, "example": example}
        for name, example in (operation.asks() | dict(operation.may_ask)).items()
    ]
    parameters += [
        {
            "name": mark.filter,
            "in": "query",
            "schema": {"type": "string", "enum": [mark.before, mark.after]},
            "description": f"{mark.after}: os que {marking.name} marcou; {mark.before}: os outros",
        }
        for marking in of_system(operation.system)
        if (mark := marking.mark) and mark.reader == operation.name and mark.filter not in operation.query
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in PAGES.items()]
    return parameters + [
        {
            "name": name,
            "in": "query",
            "schema": schema,
            "description": "em lugar de cursor e limit, de um sistema com <SISTEMA>_PAGES=number",
        }
        for name, schema in PAGES_BY_NUMBER.items()
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    rejections: dict[str, Any] = {
        "401": {"description": "A chave não é a certa."} | error,
        "404": {"description": "O registro não existe."} | error,
        "422": {"description": "O pedido não é aceito; outra vez igual, também não."} | error,
    }
    if operation.names_the_first:
        named = ERROR | {"required": ["message", "data"], "properties": ERROR["properties"] | {"data": FIRST}}
        rejections["409"] = {
            "description": "Já existe: data.id é o número do primeiro.",
            "content": {"application/json": {"schema": named}},
        }
    elif operation.may_conflict:
        rejections["409"] = {"description": "Outro registro já tem isso."} | error
    done: dict[str, Any] = {"description": "Feito."}
    if operation.gives:
        shown = {"schema": _answer_of(operation), "example": operation.answered()}
        done["content"] = {"application/json": shown}
    return {"2XX": done} | rejections


def _answer_of(operation: Operation) -> dict[str, Any]:
    record = {
        "type": "object",
        "required": list(operation.gives),
        "properties": {name: KINDS[kind] for name, kind in operation.gives.items()},
    }
    if not operation.is_list:
        return {"type": "object", "required": ["data"], "properties": {"data": record}}
    return {
        "type": "object",
        "required": ["data", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": record},
            "next_cursor": {"type": ["string", "integer", "null"]},
        },
    }


KINDS = {
    INTEGER: {"type": "integer"},
    TEXT: {"type": "string"},
    MOMENT: {"type": "string", "format": "date-time"},
    DAY: {"type": "string", "format": "date"},
    MONEY: {"type": "string", "pattern": r"^\d+(\.\d{1,2})?$"},
}
TYPES = {bool: "boolean", str: "string", int: "integer", float: "number", dict: "object", list: "array"}
