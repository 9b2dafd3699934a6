"""The sizes of tensors as numbers that are not known yet: `Symbol`, `Size`.

A Size is a polynomial with integer coefficients over symbols with integer exponents. Negative exponents are allowed,
so that `dim // heads` is dim·heads⁻¹ and times `heads` is `dim` again: code that divides sizes counts on there being
no remainder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

Monomial = frozenset[tuple["Symbol", int]]

ONE: Monomial = frozenset()


@dataclass(frozen=True, slots=True)
class Symbol:
    """A number that is not known. Two symbols are one when their keys are; the name is for the reader."""

    name: str = field(compare=False)
    key: object


class Factors(NamedTuple):
    """A size without a sum in it: `coefficient` times the symbols, each to its exponent."""

    coefficient: int
    exponents: dict[Symbol, int]


Opaque = Callable[["Size", str, "Size"], "Size | None"]


@dataclass(frozen=True, slots=True)
class Size:
    """An integer as an expression of symbols, in canonical form: equal expressions are equal and hash alike.

    `order` is how the user wrote the symbols; it matters to `str` alone.
    """

    terms: frozenset[tuple[Monomial, int]]
    order: tuple[Symbol, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(cls, value: int) -> Size:
        return cls(_constant(int(value)))

    @classmethod
    def symbol(cls, symbol: Symbol) -> Size:
        return cls(frozenset({(frozenset({(symbol, 1)}), 1)}), (symbol,))

    def as_int(self) -> int | None:
        """The number, where there is no symbol in it."""
        if not self.terms:
            return 0
        if len(self.terms) == 1:
            ((monomial, coefficient),) = self.terms
            return None if monomial else coefficient
        return None

    def as_symbol(self) -> Symbol | None:
        """The symbol, where the size is one and nothing else."""
        if len(self.order) == 1 and len(self.terms) == 1:
            ((monomial, coefficient),) = self.terms
            if coefficient == 1 and monomial == frozenset({(self.order[0], 1)}):
                return self.order[0]
        return None

    def factors(self) -> Factors | None:
        """Coefficient and exponents, in the order written; None for a sum."""
        if not self.terms:
            return Factors(0, {})
        if len(self.terms) > 1:
            return None
        ((monomial, coefficient),) = self.terms
        exponents = dict(monomial)
        return Factors(coefficient, {symbol: exponents[symbol] for symbol in self.order})

    def __add__(self, other: Size | int) -> Size:
        right = _size(other)
        total = dict(self.terms)
        for monomial, coefficient in right.terms:
            total[monomial] = total.get(monomial, 0) + coefficient
        return _canonical(total, self.order + right.order)

    def __neg__(self) -> Size:
        return Size(frozenset((monomial, -coefficient) for monomial, coefficient in self.terms), self.order)

    def __sub__(self, other: Size | int) -> Size:
        return self + -_size(other)

    def __mul__(self, other: Size | int) -> Size:
        right = _size(other)
        if len(self.terms) == 1 and len(right.terms) == 1:
            return _product_of_monomials((self, right))
        total: dict[Monomial, int] = {}
        for left_monomial, left_coefficient in self.terms:
            for right_monomial, right_coefficient in right.terms:
                monomial = _times(left_monomial, right_monomial)
                total[monomial] = total.get(monomial, 0) + left_coefficient * right_coefficient
        return _canonical(total, self.order + right.order)

    def __radd__(self, other: int) -> Size:
        return _size(other) + self

    def __rsub__(self, other: int) -> Size:
        return _size(other) - self

    def __rmul__(self, other: int) -> Size:
        return _size(other) * self

    def __floordiv__(self, other: Size | int) -> Size | None:
        return self.divided(_size(other))

    def __rfloordiv__(self, other: int) -> Size | None:
        return _size(other).divided(self)

    def __mod__(self, other: Size | int) -> Size | None:
        return self.remainder(_size(other))

    def __rmod__(self, other: int) -> Size | None:
        return _size(other).remainder(self)

    def divided(self, other: Size, opaque: Opaque | None = None) -> Size | None:
        """`self // other`, computed of numbers and taken to leave no remainder of symbols.

        What has no such form (`dim // 2`, where 2 does not divide the coefficient; `a // (b + c)`) is what
        `opaque(self, "//", other)` makes of it, None without one.
        """
        left, right = self.as_int(), other.as_int()
        if right == 0:
            return None
        if left is not None and right is not None:
            return Size.of(left // right)
        exact = _exact_quotient(self, other)
        if exact is None and opaque is not None:
            return opaque(self, "//", other)
        return exact

    def remainder(self, other: Size, opaque: Opaque | None = None) -> Size | None:
        """`self % other` where it holds whatever the symbols are: of numbers, and 0 of multiples such as `2 * a % a`.

        `dim % heads` is not said to be 0: whoever computes a remainder wants to know.
        """
        left, right = self.as_int(), other.as_int()
        if right == 0:
            return None
        if left is not None and right is not None:
            return Size.of(left % right)
        quotient = _exact_quotient(self, other)
        if quotient is not None and all(exponent >= 0 for monomial, _ in quotient.terms for _, exponent in monomial):
            return Size.of(0)
        return opaque(self, "%", other) if opaque is not None else None

    def substitute(self, values: Mapping[Symbol, Size]) -> Size | None:
        """This size with symbols replaced; None when that leaves a fraction or divides by a sum.

        Fractions are added up before they are judged: (h + p)·s⁻¹ with h = 3, p = 1, s = 2 is 2.
        """
        if values.keys().isdisjoint(self.order):
            return self
        alone = self.as_symbol()
        if alone is not None:
            return values[alone]
        if len(self.terms) == 1 and all(len(values[each].terms) == 1 for each in self.order if each in values):
            return self._of_monomials(values)
        total: dict[Monomial, Fraction] = {}
        order: list[Symbol] = []
        for monomial, coefficient in self.terms:
            product: dict[Monomial, Fraction] = {ONE: Fraction(coefficient)}
            for symbol, exponent in monomial:
                power = _power(values.get(symbol, Size.symbol(symbol)), exponent)
                if power is None:
                    return None
                product = _product(product, power)
            for part, share in product.items():
                total[part] = total.get(part, Fraction(0)) + share
        for symbol in self.order:
            order.extend(values[symbol].order if symbol in values else (symbol,))
        if any(share.denominator != 1 for share in total.values()):
            return None
        return _canonical({part: share.numerator for part, share in total.items()}, tuple(order))

    def _of_monomials(self, values: Mapping[Symbol, Size]) -> Size | None:
        """As `substitute`, where there are no sums."""
        ((monomial, over),) = self.terms
        under = 1
        exponents: dict[Symbol, int] = {}
        for symbol, exponent in monomial:
            value = values.get(symbol)
            if value is None:
                exponents[symbol] = exponents.get(symbol, 0) + exponent
                continue
            ((part, coefficient),) = value.terms
            if exponent < 0:
                under *= coefficient**-exponent
            else:
                over *= coefficient**exponent
            for inner, power in part:
                exponents[inner] = exponents.get(inner, 0) + power * exponent
        if over % under:
            return None
        order: list[Symbol] = []
        for symbol in self.order:
            order.extend(values[symbol].order if symbol in values else (symbol,))
        kept = frozenset([each for each in exponents.items() if each[1]])
        shown = tuple([each for each in dict.fromkeys(order) if exponents[each]])
        return Size(frozenset([(kept, over // under)]), shown)

    def __str__(self) -> str:
        return self.text({})

    def text(self, names: Mapping[Symbol, str]) -> str:
        """The size as one would write it in Python; `names` stand in for the symbols' own."""
        position = {symbol: i for i, symbol in enumerate(self.order)}
        parts = []
        for monomial, coefficient in self.terms:
            factors = sorted((position[s], names.get(s, s.name), exponent) for s, exponent in monomial)
            parts.append((not monomial, factors, _spell(coefficient, factors)))
        return " + ".join(part for _, _, part in sorted(parts)).replace("+ -", "- ") or "0"


@lru_cache(maxsize=4096)
def _constant(value: int) -> frozenset[tuple[Monomial, int]]:
    return frozenset({(ONE, value)}) if value else frozenset()


def product(sizes: Iterable[Size]) -> Size:
    """The product of all; 1 of none."""
    factors = tuple(sizes)
    if all(len(size.terms) == 1 for size in factors):
        return _product_of_monomials(factors)
    return math.prod(factors, start=Size.of(1))


def _product_of_monomials(factors: tuple[Size, ...]) -> Size:
    """The product of sizes that have one term each: nearly all have."""
    coefficient = 1
    exponents: dict[Symbol, int] = {}
    order: list[Symbol] = []
    for size in factors:
        ((monomial, by),) = size.terms
        coefficient *= by
        for symbol, exponent in monomial:
            exponents[symbol] = exponents.get(symbol, 0) + exponent
        order += size.order
    if not order:
        return Size(_constant(coefficient))
    kept = frozenset([each for each in exponents.items() if each[1]])
    return Size(frozenset([(kept, coefficient)]), tuple([each for each in dict.fromkeys(order) if exponents[each]]))


def _size(value: Size | int) -> Size:
    return value if isinstance(value, Size) else Size.of(value)


def _canonical(terms: Mapping[Monomial, int], order: tuple[Symbol, ...]) -> Size:
    kept = frozenset([(monomial, coefficient) for monomial, coefficient in terms.items() if coefficient])
    if not order:
        return Size(kept)
    present = {symbol for monomial, _ in kept for symbol, _ in monomial}
    return Size(kept, tuple(symbol for symbol in dict.fromkeys(order) if symbol in present))


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    exponents = dict(left)
    for symbol, exponent in right:
        exponents[symbol] = exponents.get(symbol, 0) + exponent
    return frozenset((symbol, exponent) for symbol, exponent in exponents.items() if exponent)


def _inverse(monomial: Monomial) -> Monomial:
    return frozenset((symbol, -exponent) for symbol, exponent in monomial)


def _exact_quotient(left: Size, right: Size) -> Size | None:
    """The size that times `right` is `left`, if there is one that is a monomial or `right` is."""
    order = left.order + right.order
    if len(right.terms) == 1:
        ((divisor, by),) = right.terms
        if any(coefficient % by for _, coefficient in left.terms):
            return None
        inverse = _inverse(divisor)
        return _canonical({_times(monomial, inverse): coefficient // by for monomial, coefficient in left.terms}, order)
    first, by = next(iter(right.terms))
    for monomial, coefficient in left.terms:
        if coefficient % by == 0:
            candidate = _canonical({_times(monomial, _inverse(first)): coefficient // by}, order)
            if candidate * right == left:
                return candidate
    return Size.of(0) if not left.terms else None


def _power(base: Size, exponent: int) -> dict[Monomial, Fraction] | None:
    if exponent < 0:
        if len(base.terms) != 1:
            return None
        ((monomial, coefficient),) = base.terms
        terms = {_inverse(monomial): Fraction(1, coefficient)}
    else:
        terms = {monomial: Fraction(coefficient) for monomial, coefficient in base.terms}
    result: dict[Monomial, Fraction] = {ONE: Fraction(1)}
    for _ in range(abs(exponent)):
        result = _product(result, terms)
    return result


def _product(left: Mapping[Monomial, Fraction], right: Mapping[Monomial, Fraction]) -> dict[Monomial, Fraction]:
    result: dict[Monomial, Fraction] = {}
    for left_monomial, left_share in left.items():
        for right_monomial, right_share in right.items():
            monomial = _times(left_monomial, right_monomial)
            result[monomial] = result.get(monomial, Fraction(0)) + left_share * right_share
    return result


def _spell(coefficient: int, factors: Iterable[tuple[int, str, int]]) -> str:
    """A term of a sum: `2*heads*d_k`, `dim//heads`, `dim//(heads*groups)`."""
    over: list[str] = []
    under: list[str] = []
    for _, name, exponent in factors:
        (over if exponent > 0 else under).extend([name] * abs(exponent))
    if coefficient == -1 and over:
        over[0] = f"-{over[0]}"
    elif coefficient != 1 or not over:
        over.insert(0, str(coefficient))
    numerator = "*".join(over)
    if not under:
        return numerator
    return f"{numerator}//{under[0]}" if len(under) == 1 else f"{numerator}//({'*'.join(under)})"
