"""GraphQL documents: parsed, bounded and validated, and kept, since a UI asks the same again.

Belongs here: from a text to a document that may be executed. Does not: executing it, or requests.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    validate,
)

TOKENS = 10_000
"""The largest of the UI's documents has 830."""
DEPTH = 20
"""The deepest of the UI's queries has 11, and the introspection of clients 15."""
FIELDS = 5_000
"""With fragments written out; the UI's largest has 640."""
MUTATIONS = 20
"""In one document; the UI sends one."""
_KEPT = 256
KEPT_TEXT = 16_000
"""Longer texts are not kept: a document takes about a hundred times the room of its text."""


class DocumentError(Exception):
    """A document that is not executed."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = list(errors)


@dataclass(frozen=True)
class Document:
    """A document that may be executed, and the kinds of its operations."""

    node: DocumentNode
    operations: frozenset[OperationType]


class Documents:
    """The documents for a schema."""

    def __init__(self, schema: GraphQLSchema, rules: Collection[type[ASTValidationRule]]) -> None:
        """`rules` are those of GraphQL's validation."""
        self._schema = schema
        self._rules = rules
        self._known = lru_cache(maxsize=_KEPT)(self._read)

    def checked(self, text: str) -> Document:
        """The document of a text; raises DocumentError."""
        return self._known(text) if len(text) <= KEPT_TEXT else self._read(text)

    def _read(self, text: str) -> Document:
        try:
            node = parse(text, max_tokens=TOKENS)
        except GraphQLError as error:
            raise DocumentError([error]) from None
        except RecursionError:
            raise DocumentError([GraphQLError("The document is nested too deeply.")]) from None
        operations = [one for one in node.definitions if isinstance(one, OperationDefinitionNode)]
        _bound(node, operations)
        errors = validate(self._schema, node, rules=self._rules)
        if errors:
            raise DocumentError(errors)
        return Document(node, frozenset(one.operation for one in operations))


def _bound(node: DocumentNode, operations: list[OperationDefinitionNode]) -> None:
    """Raise DocumentError if an operation is larger than any of the UI."""
    measure = _Measure(node)
    for operation in operations:
        depth, fields = measure.size(operation.selection_set)
        if depth > DEPTH:
            raise DocumentError([GraphQLError(f"The document is deeper than {DEPTH} fields.")])
        if fields > FIELDS:
            raise DocumentError([GraphQLError(f"The document has more than {FIELDS} fields.")])
        if operation.operation is OperationType.MUTATION:
            roots = measure.roots(operation.selection_set)
            if roots > MUTATIONS:
                raise DocumentError(
                    [GraphQLError(f"The document has more than {MUTATIONS} mutations.")]
                )


class _Measure:
    """Depth and number of fields, with fragments where they are spread; each is measured once."""

    def __init__(self, node: DocumentNode) -> None:
        self._fragments = {
            one.name.value: one
            for one in node.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._sizes: dict[str, tuple[int, int]] = {}

    def size(self, selections: SelectionSetNode) -> tuple[int, int]:
        """The depth, and the number of fields."""
        depth = fields = 0
        for one in selections.selections:
            if isinstance(one, FragmentSpreadNode):
                below, count = self._size_of_fragment(one.name.value)
            elif one.selection_set is None:  # type: ignore[attr-defined]
                below, count = 0, 0
            else:
                below, count = self.size(one.selection_set)  # type: ignore[attr-defined]
            own = int(isinstance(one, FieldNode))
            depth = max(depth, below + own)
            fields += count + own
        return depth, fields

    def _size_of_fragment(self, name: str) -> tuple[int, int]:
        if name not in self._sizes:
            self._sizes[name] = (0, 0)  # of one within itself, which validation refuses
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._sizes[name] = self.size(fragment.selection_set)
        return self._sizes[name]

    def roots(self, selections: SelectionSetNode) -> int:
        """The number of fields at the root; spreads count as all that they hold."""
        return sum(
            1 if isinstance(one, FieldNode) else self.size(SelectionSetNode(selections=(one,)))[1]
            for one in selections.selections
        )
