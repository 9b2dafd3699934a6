/** Which nnlint is taken, and what the user is told when there is none. */

import * as assert from "node:assert/strict";
import { test } from "node:test";
import { advice, type Candidate, expanded, locate, type Ran } from "../src/locate";

const SELECTED: Candidate = { file: "/selected/bin/python3.12", from: "the Python that is selected" };
const VENV: Candidate = { file: "/work/.venv/bin/python", from: ".venv of work" };
const PATH: Candidate = { file: "nnlint", from: "the PATH" };

/** Programs that say what is written here; all others are not there. */
function machine(programs: Record<string, Partial<Ran>>) {
  return async (file: string): Promise<Ran> =>
    file in programs
      ? { code: 0, output: "", error: "", ...programs[file] }
      : { code: null, output: "", error: `spawn ${file} ENOENT` };
}

const has = (nnlint: string | null, pygls: string | null) => ({ output: `${JSON.stringify([nnlint, pygls, "3.12.1"])}\n` });

test("the first Python that has nnlint serves", async () => {
  const run = machine({ [SELECTED.file]: has(null, null), [VENV.file]: has("0.1.0", "2.0.0"), nnlint: {} });
  const { start, misses } = await locate([SELECTED, VENV, PATH], run);
  assert.deepEqual([start?.command, start?.args], [VENV.file, ["-m", "nnlint", "server"]]);
  assert.deepEqual(misses.map((miss) => miss.reason), ["has no nnlint"]);
});

test("nnlint itself serves without a Python", async () => {
  const { start } = await locate([VENV, PATH], machine({ nnlint: {} }));
  assert.deepEqual([start?.command, start?.args], ["nnlint", ["server"]]);
});

test("a Python that lacks the server's library is told of with what mends it", async () => {
  const { start, misses } = await locate([VENV, PATH], machine({ [VENV.file]: has("0.1.0", "1.3.1") }));
  assert.equal(start, undefined);
  assert.equal(
    advice(misses).text,
    "/work/.venv/bin/python has nnlint, but not what its language server needs." +
      " Install it with `/work/.venv/bin/python -m pip install 'nnlint[lsp]'`." +
      " If it is somewhere else, name it in `nnlint.path`.",
  );
});

test("without any Python the user is told to install nnlint", async () => {
  const { misses } = await locate([PATH], machine({}));
  assert.equal(
    advice(misses).text,
    "nnlint is not installed. Install it with `pip install 'nnlint[lsp]'`, or name it in `nnlint.path`.",
  );
});

test("what the user names is taken or complained of, and nothing else is taken", async () => {
  const named = { file: "/opt/nnlint", from: "the setting nnlint.path", only: true };
  const { start, misses } = await locate([named, PATH], machine({ nnlint: {} }));
  assert.equal(start, undefined);
  assert.equal(advice(misses).text, "/opt/nnlint is not there. Look at the setting `nnlint.path`.");
});

test("a server that does not start is told of in its own words", async () => {
  const run = machine({ nnlint: { code: 2, error: "nnlint: the server needs `pygls`: install nnlint[lsp]\n" } });
  const { misses } = await locate([PATH], run);
  assert.match(advice(misses).text, /^nnlint does not start \(nnlint: the server needs `pygls`: install nnlint\[lsp\]\)\./);
});

test("what a Python prints at its start does not matter", async () => {
  const run = machine({ [VENV.file]: { output: `welcome\n${has("0.1.0", "2.0.0").output}` } });
  assert.equal((await locate([VENV], run)).start?.command, VENV.file);
});

test("a path may be written as in other settings", () => {
  const at = (text: string) => expanded(text, "/work", "/home/me", { ENVS: "/envs" });
  assert.equal(at("~/envs/a/bin/python"), "/home/me/envs/a/bin/python");
  assert.equal(at("${workspaceFolder}/env/bin/python"), "/work/env/bin/python");
  assert.equal(at("${env:ENVS}/a/bin/nnlint"), "/envs/a/bin/nnlint");
  assert.equal(at("env/bin/python"), "/work/env/bin/python");
  assert.equal(at("nnlint"), "nnlint");
});
