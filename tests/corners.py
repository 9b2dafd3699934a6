"""The corners of the grammar: texts in which readers go wrong."""

CORNERS = [
    "a = b = c, *d = 1, *e",
    "x = a < b <= c is not d not in e",
    "x = a and b or c and not d",
    "x = a and (b and c) or (d or e) or f",
    "x = 'a' 'b' \"c\" r'\\d' u'e'",
    "x = b'\\x00\\377' rb'\\d' b'''\n'''",
    "x = 'a' f'{b!r:>{width}.{places}f} {c=}' 'd' f'{{}}{e}'",
    "x = f'' 'a'",
    "x = '\\N{EM DASH}\\u00e9\\U0001F600\\\n\\t\\101' \"\\'\"",
    "x[1]; x[1,]; x[1, 2]; x[1:2]; x[:]; x[::2, ...]; x[a:b, None]; x[(1, 2)]; x[()]; x[ 1 : 2 ]",
    "if (n := len(a)) > 10: pass",
    "f(*a, b, *c, d=1, **e, f=2, **g)",
    "f(x for x in y); f((x for x in y)); f(a, (x for x in y))",
    "x = [a for b in c if d if e for f in g], {a for b in c}, {a: b for c, d in e}",
    "x = {**a, 'b': c, **d}, {*a, b}, [*a], (), [], {}, (a,)",
    "@a.b(c)\n@d\nasync def f(a, /, b: int = 1, *c: str, d, e=2, **g) -> None:\n    await h\n    yield i",
    "def f(*, a): yield from a",
    "def f():\n    def g(): yield\n    return lambda: (yield)",
    "class A(B, *C, metaclass=D, **E): x: int; y: int = 1",
    "async def f():\n    async for a in b: pass\n    else: pass\n    async with a as b, c: pass",
    "with (a as b, c as (d, e),): pass",
    "try: a\nexcept B: c\nexcept (D, E) as f: g\nexcept: h\nelse: i\nfinally: j",
    "while a: break\nelse: pass",
    "for a, in b: continue\nfor a, *b in c, *d: pass",
    "if a: b; c\nelif d: e\nelif f:\n    g\nelse: h; i",
    "del a, b[0], c.d; del (e, f), g; del (h, i); del (j)",
    "global a, b; import a.b.c as d, e.f; from . import a; from ..b.c import (d as e, f,); from x import *",
    "assert a, b; raise A from b; raise; x += 1; x @= y; x //= 2; x **= 3; x >>= 1",
    "lambda: 0; lambda a, /, b=1, *c, d, **e: a; lambda *, a: a; lambda *a, b=1: b",
    "x = 0xFF, 0o17, 0b1, 1_000, 1., .5e-3, 1_0.0_1, 2j, 1e400, 00, ...",
    "x = -a ** -b + ~c % +d @ e << f | g & h ^ i // j",
    "x = a if b else c if d else e; x = (yield); print((a), ((b)), (c).d, (e)(f), (g)[h])",
    "x = 'é', 'ü' + f('𝛼', β); γ(δ)\nﬁt = ſ",  # noqa: RUF001
    "# ü\n\f\nx = f(a)\n\fy = (\n  a +\n\f b)\n",
    "match a:\n    case 1 | -2 | 'b' | None | A.b: c\n    case (0 as z) | (1 as z): d\n    case [x, *_, y] if x: e\n"
    "    case {'k': v, **rest}: f\n    case P(a, b=c) | Q(a, c): g\n"
    "    case 1 | [h]: h\n    case (1 + 2j) as z: i\n    case _: j",
]

# where Python and libcst draw the borders of nodes each in its own way, or count columns
BORDERS = [
    "x = (a) and (b) or ((c)) and d or e",
    "x = ((a and b) # (and)\n and (c # )\n ) and ((d)))",
    "x = a and b \\\n and c or (\n# x)\nd)",
    "x[(a), (b)]; x[((a), b)]; x[(a, b)]; x[(a),]; x[((a))]; x[(a)[b], c]; x[ # (\n(a), b]",
    "x[a:(b)]; x[(a):]; x[ : ]; x[:: # (\n]; x[a : b : ]; x[(a) : (b) : (c) , ]",
    "f((a) for a in (b)); f(g(a for a in b)); f(a for a in b if (c) if ((d)))",
    "f( # (\n a for a in b # )\n )(c for c in d); f ( (a for a in b) )",
    "def \\\n f(): pass\nclass\tA : pass\nasync  def\tg(a): pass\nclass B(A): pass\nclass C(*D): pass",
    "@a\n@b  # def c\n\ndef def_(): pass\n@c(\n)\nclass class_: pass",
    "if a: b;\nelif c: d ;\nelse: e;  # f",
    "for a in b:\n    if c:\n        d; e;\n    else: f;\nwhile g: h;",
    "try: a;\nexcept: b;\ntry: c\nfinally: d;\nwith e: f;\ntry: g\nexcept: h\nelse: i;",
    "match a:\n    case b: c;\n    case (None): d;",
    "é = f('ü', (β)); x = é and (é) and é; y[é, (ü)]; z = 'ß' 'ß', 'ß'",
    "def ñ(): pass\nclass Ŋ: pass\ndef e\u0301(): pass",
    "if a:\n\tb\n\tc(d for d in e)\n",
    "x = \\\n  f(a)\n\f\n\fif a:\n    b\n",
    "x = '''\na\n''' ; y = f(\"\"\"é\nü\"\"\", a)",
    "x = (yield); z = (lambda: (b)); w = (not c), -(d), (-e) ** (f)",
    "(a); (a, b); ((a)); (a).b((c)); print(* a, ** b); c = a, *b",
    "f(a=1, *b); f(*a, b=1, *c, d=2, **e, f=3)\nclass A(B, *C, d=1, **E): pass",
    "assert (a), (b); raise (c) from (d); del (e); import f as g; from h import (i)",
    "with (a): pass\nwith (a, b): pass\nwith (a) as b, (c): pass\nwith ((a, b)) as c: pass",
]

# newer than Python 3.10: PEP 646, 654, 695, 696, 701
NEWER = [
    "try: a\nexcept* B as c: d;\n",
    "def f(*args: *Ts): x[*a]; x[*a, b]; x[(*a,)]",
    "type A[T] = list[T]\ndef f[T: int](x: T): pass\nclass C[*Ts, **P](D): pass",
    "def f[T = int](x: T): pass",
    "x = f'{a['b']}' f\"{f\"{c}\"}\" f'{\n# )\nd:{e!r:>{f}}}'",
]
FIELDS = ["x = f'{a=}' f'{ b = !r}' f'{c:}' f'{d:{e}}' f'é{g}' 'é' f'{h}'", "x = f'''é\n{a + b:{c}}\n{d!r}''' f'{(e)}'"]
