"""What a claim needs of the network, read off its formula.

It is about the last layers, the first, layers in general, or a parameter of all layers. Which layers have to stand
there in full follows from what it mentions, and so does whether an induction over the layers can decide it at all.
"""

import ast
from dataclasses import replace
from typing import Literal

from symbackprop.errors import FileError, FormulaError, NotSupportedError
from symbackprop.language.functions import RESERVED
from symbackprop.language.syntax import syntax_tree
from symbackprop.model.repeat.block import Repeat, about
from symbackprop.model.repeat.claims import DepthClaim, at_start, in_general, shared_base, shared_step, small_instances
from symbackprop.model.repeat.pieces import Absent
from symbackprop.model.repeat.places import END, HERE, Mention, Place, Template, is_total, read_template, terms

MAX_LAYERS = 4  # of a piece


def read_claim(repeat: Repeat, name: str, formula: str) -> DepthClaim:
    """The claim, read and checked against the network.

    Raises: SymbackpropError naming the claim.
    """
    with about(f"[claims] {name}"):
        claim = _read(repeat, name, formula)
        _check(repeat, claim)
    return claim


def _read(repeat: Repeat, name: str, formula: str) -> DepthClaim:
    text = " ".join(formula.split())
    tree = syntax_tree(text)
    signs = {ast.Eq: "==", ast.NotEq: "!="}
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in signs:
        raise FormulaError("expected one comparison `left == right` or `left != right`", text)
    whole = read_template(text, repeat.indexing)
    comparison: Literal["==", "!="] = "==" if isinstance(tree.ops[0], ast.Eq) else "!="
    facts = _Facts(repeat, tree, text)
    unknown = sorted(facts.plain - repeat.known)
    if unknown:
        raise FormulaError(
            f"unknown name {unknown[0]!r}; known are: {', '.join(sorted(repeat.known - RESERVED))}", text
        )
    claim = DepthClaim(
        name=name, formula=formula, comparison=comparison, whole=whole, about="end", by=tuple(facts.of_loss)
    )
    if any(whole.totals()):
        return _about_shared(repeat, claim, tree, text, facts)
    return _about_layers(repeat, claim, facts)


class _Facts:
    """What a formula mentions, and how: each quantity with a place, those that the loss is differentiated by."""

    def __init__(self, repeat: Repeat, tree: ast.expr, text: str) -> None:
        self.repeat, self.text = repeat, text
        self.values: list[Mention] = []
        self.of_loss: list[Mention] = []  # v in d(E, v)
        self.by_plain: set[str] = set()  # v without a place in d(f, v)
        self.by_placed: list[Mention] = []  # v with a place in d(f, v), f being no loss
        self.plain = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.derivatives = 0
        self.obstacle = ""
        self._visit(tree)

    def _visit(self, node: ast.AST) -> None:
        loss = self.repeat.loss.name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "next":
            raise NotSupportedError("next(...) needs a [train] section, which a network of any depth does not have")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "d"
            and len(node.args) == 2
        ):
            self._derivative(*node.args)
            return
        if isinstance(node, ast.Name) and node.id == loss:
            self.obstacle = self.obstacle or f"the loss {loss} stands there as a value"
        self.values += self._mentioned(node)
        if not self._mentioned(node):
            for child in ast.iter_child_nodes(node):
                self._visit(child)

    def _mentioned(self, node: ast.AST) -> list[Mention]:
        """The quantity that a node is, as a list of one or none."""
        if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
            return []
        source = ast.get_source_segment(self.text, node) or ""
        return list(read_template(source, self.repeat.indexing).mentions())[:1]

    def _derivative(self, f: ast.expr, v: ast.expr) -> None:
        self.derivatives += 1
        loss = self.repeat.loss.name
        is_loss = isinstance(f, ast.Name) and f.id == loss
        inside = [node for node in ast.walk(f) if isinstance(node, ast.Name) and node.id == loss]
        if inside and not is_loss:
            self.obstacle = f"{loss} stands there otherwise than in d({loss}, ...)"
        if isinstance(v, ast.Name):
            self.by_plain.add(v.id)
        if is_loss:
            self.of_loss += self._mentioned(v)
        else:
            self._visit(f)
            self._visit(v)
            self.by_placed += self._mentioned(v)

    @property
    def in_full(self) -> list[Mention]:
        """The quantities whose layers have to stand there in full.

        A carried quantity may enter a piece from outside. But it does not when the loss is differentiated by it, for
        that derivative may have parts that do not go through the next layer; nor when anything is, where others are
        carried beside it, for they may depend on it.
        """
        carried = self.repeat.carried
        inner = [m for m in self.values if m.name not in carried and m.name not in self.repeat.sizes]
        return [*self.of_loss, *inner, *(self.by_placed if len(carried) > 1 else [])]


def _about_layers(repeat: Repeat, claim: DepthClaim, facts: _Facts) -> DepthClaim:
    """Which layers have to stand there in full."""
    anchors = {mention.place.anchor for mention in (*facts.values, *facts.of_loss)}
    obstacle = facts.obstacle
    if len(anchors) > 1:
        obstacle = obstacle or "it speaks of layers whose distance depends on the number of layers"
    anchor = "here" if "here" in anchors else min(anchors, default="end")
    barred = facts.by_plain & ({*repeat.shared, repeat.indexing.count} if anchor == "end" else facts.by_plain)
    if barred:
        obstacle = obstacle or f"{min(barred)}, by which it differentiates, is not of a layer"
    later = sorted(facts.plain & {*repeat.end} - {repeat.loss.name})
    if anchor != "end" and later:
        obstacle = obstacle or f"{later[0]} comes after the last layer"
    offsets = [m.place.offset for m in facts.values if m.name in repeat.carried and m.place.anchor == anchor]
    full = [m.place.offset for m in facts.in_full if m.place.anchor == anchor]
    if anchor == "start":
        return replace(claim, about="start", low=1, high=max([1, *offsets, *full]), obstacle=obstacle)
    low = min(full) if full else max(offsets, default=0)
    while any(offset < low - 1 for offset in offsets):
        low = min(offset for offset in offsets if offset < low - 1) + 1
    if anchor == "end":
        low, high = min(low, 0), 0
        if any(offset > 0 for offset in (*offsets, *full)):
            raise FormulaError(f"there is no layer after {repeat.indexing.count}", claim.formula)
    else:
        high = max([low, *offsets, *full])
    if high - low >= MAX_LAYERS:
        obstacle = obstacle or f"it spans more than {MAX_LAYERS} layers"
    kind: Literal["end", "layer"] = "end" if anchor == "end" else "layer"
    return replace(claim, about=kind, low=low, high=high, first=_first(repeat, claim, anchor), obstacle=obstacle)


def _first(repeat: Repeat, claim: DepthClaim, anchor: str) -> int:
    """The smallest l, or K, for which all that the claim mentions exists: what is carried, and sizes, from 0 on."""
    from_start = {*repeat.carried, *repeat.sizes}
    mentions = [mention for mention in claim.whole.mentions() if mention.place.anchor == anchor]
    least = [(0 if m.name in from_start else 1) - m.place.offset for m in mentions]
    return max([*least, 1] if anchor == "end" else least, default=1)


def _about_shared(repeat: Repeat, claim: DepthClaim, tree: ast.Compare, text: str, facts: _Facts) -> DepthClaim:
    """`d(E, W) == sum(... for t in range(1, T + 1)) + what W contributes after the last layer`."""
    loss = repeat.loss.name
    left = tree.left
    shared = ""
    if isinstance(left, ast.Call) and isinstance(left.func, ast.Name) and left.func.id == "d" and len(left.args) == 2:
        f, v = left.args
        if isinstance(f, ast.Name) and f.id == loss and isinstance(v, ast.Name) and v.id in repeat.shared:
            shared = v.id
    form = f"it is not of the form d({loss}, shared parameter) == sum over all layers + rest"
    if not shared:
        return replace(claim, about="shared", obstacle=form)
    source = ast.get_source_segment(text, tree.comparators[0]) or ""
    summands: list[tuple[str, Template]] = []
    rest = ""
    obstacle = ""
    for sign, node in terms(source):
        segment = ast.get_source_segment(source, node) or ""
        if not is_total(node):
            rest += f"{sign}({segment})"
            continue
        (total,) = read_template(segment, repeat.indexing).totals()
        summands.append((sign, total.body))
        if (total.low, total.high) != (Place("start", 1), END):
            obstacle = "the sum is not over all layers"
    obstacle = obstacle or _obstacle_in_summands(repeat, summands) or _obstacle_in_rest(repeat, rest)
    return replace(
        claim, about="shared", shared=shared, summands=tuple(summands), rest=rest.removeprefix("+"), obstacle=obstacle
    )


def _obstacle_in_summands(repeat: Repeat, summands: list[tuple[str, Template]]) -> str:
    """A summand may speak of its own layer, and of what that layer reads."""
    for _, body in summands:
        facts = _Facts(repeat, syntax_tree(body.text), body.text)
        places = {m.place for m in facts.values if m.name in repeat.carried}
        if facts.obstacle or facts.by_plain:
            return facts.obstacle or "a summand holds a derivative by what is not of a layer"
        if facts.plain & {*repeat.end} - {repeat.loss.name}:
            return "a summand speaks of what comes after the last layer"
        if any(m.place != HERE for m in facts.in_full) or not places <= {HERE, HERE.moved(-1)}:
            return "a summand speaks of more than one layer"
    return ""


def _obstacle_in_rest(repeat: Repeat, rest: str) -> str:
    """What stands beside the sum may speak of what comes after the last layer."""
    if not rest:
        return ""
    facts = _Facts(repeat, syntax_tree(rest.removeprefix("+")), rest.removeprefix("+"))
    if facts.obstacle or facts.derivatives:
        return facts.obstacle or "a derivative stands beside the sum over all layers"
    if any(m.place != END or m.name not in repeat.read_at_end for m in facts.values):
        return "beside the sum stands what is not read after the last layer"
    return ""


def _check(repeat: Repeat, claim: DepthClaim) -> None:
    """Reads the claim in every piece in which it will be proved. Raises: SymbackpropError where it makes no sense."""
    try:
        if claim.about == "shared" and not claim.obstacle:
            shared_step(repeat, claim)
            shared_base(repeat, claim)
        elif not claim.obstacle:
            in_general(repeat, claim)
            list(at_start(repeat, claim))
    except Absent as error:
        raise FileError(f"[claims] {claim.name}: there is no {error} in every network") from None
    if next(small_instances(repeat, claim), None) is None:
        raise FileError(f"[claims] {claim.name}: it says nothing about networks of few layers")
