/** Which nnlint is to serve: the first of several places that has it, with the reason for each that has not. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";

/** A place where nnlint may be. */
export interface Candidate {
  /** A Python, or an `nnlint`. */
  readonly file: string;
  /** Who named it, as in "the Python that is selected". */
  readonly from: string;
  /** The user means this one: if it does not work, no other one is taken. */
  readonly only?: boolean;
}

/** How the server is started. */
export interface Start {
  readonly command: string;
  readonly args: string[];
  /** For the log. */
  readonly told: string;
}

/** A place that has no nnlint that can serve. */
export interface Miss {
  readonly candidate: Candidate;
  readonly reason: string;
  /** What mends it, to be typed into a shell. */
  readonly command?: string;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly error: string;
}

export type Run = (file: string, args: string[]) => Promise<Ran>;

/** The first candidate that can serve, and what kept those before it from it. */
export async function locate(
  candidates: Iterable<Candidate>,
  run: Run,
): Promise<{ start?: Start; misses: Miss[] }> {
  const misses: Miss[] = [];
  for (const candidate of candidates) {
    const found = isPython(candidate.file) ? await inPython(candidate, run) : await byItself(candidate, run);
    if ("command" in found && "args" in found) return { start: found, misses };
    misses.push(found);
    if (candidate.only) break;
  }
  return { misses };
}

/** The one message that tells the user what to do. */
export function advice(misses: readonly Miss[]): { text: string; command: string } {
  const isHalf = (miss: Miss) => miss.command !== undefined && miss.reason !== ABSENT;
  const telling =
    misses.find((miss) => miss.candidate.only) ??
    misses.find(isHalf) ??
    misses.find((miss) => miss.command !== undefined);
  const command = telling?.command ?? "pip install 'nnlint[lsp]'";
  if (telling === undefined) {
    return { text: `nnlint is not installed. Install it with \`${command}\`, or name it in \`nnlint.path\`.`, command };
  }
  const mend = telling.command === undefined ? "" : ` Install it with \`${telling.command}\`.`;
  const elsewhere = telling.candidate.only
    ? " Look at the setting `nnlint.path`."
    : " If it is somewhere else, name it in `nnlint.path`.";
  return { text: `${telling.candidate.file} ${telling.reason}.${mend}${elsewhere}`, command };
}

export function isPython(file: string): boolean {
  return /^(python|pypy)[\d.]*(\.exe)?$/i.test(path.basename(file));
}

/** The Python of a virtual environment; undefined if there is none. */
export function pythonOf(environment: string): string | undefined {
  const inside = process.platform === "win32" ? ["Scripts/python.exe"] : ["bin/python", "bin/python3"];
  return inside.map((each) => path.join(environment, each)).find((each) => existsSync(each));
}

/** A path as one writes it in the settings. */
export function expanded(text: string, folder: string | undefined, home: string, environment: NodeJS.ProcessEnv): string {
  const known = text
    .replace(/^~(?=$|[\\/])/, () => home)
    .replace(/\$\{workspaceFolder\}/g, () => folder ?? "")
    .replace(/\$\{userHome\}/g, () => home)
    .replace(/\$\{env:(\w+)\}/g, (_, name: string) => environment[name] ?? "");
  const isBare = !known.includes("/") && !known.includes("\\");
  return isBare || folder === undefined ? known : path.resolve(folder, known);
}

/** Run a program to its end. */
export function runIn(folder: string): Run {
  return (file, args) =>
    new Promise((resolve) => {
      const child = execFile(file, args, { cwd: folder, timeout: 30_000 }, (failed, output, error) => {
        const code = failed === null ? 0 : typeof failed.code === "number" ? failed.code : null;
        resolve({ code, output, error: error || (failed?.message ?? "") });
      });
      child.stdin?.end();
    });
}

const ABSENT = "has no nnlint";
const ASK = `
import json, sys
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps([of("nnlint"), of("pygls"), sys.version.split()[0]]))`;

async function inPython(candidate: Candidate, run: Run): Promise<Start | Miss> {
  const { file } = candidate;
  const ran = await run(file, ["-c", ASK]);
  const answer = ran.output.trim().split("\n").at(-1) ?? "";
  if (ran.code === null) return { candidate, reason: "is not there" };
  if (ran.code !== 0 || !answer.startsWith("[")) {
    return { candidate, reason: `can not be run (${firstLine(ran.error)})` };
  }
  const [nnlint, pygls, python] = JSON.parse(answer) as [string | null, string | null, string];
  const command = `${quoted(file)} -m pip install 'nnlint[lsp]'`;
  if (nnlint === null) return { candidate, reason: ABSENT, command };
  if (pygls === null || Number.parseInt(pygls) < 2) {
    return { candidate, reason: "has nnlint, but not what its language server needs", command };
  }
  return {
    command: file,
    args: ["-m", "nnlint", "server"],
    told: `nnlint ${nnlint} in Python ${python} (${file}), from ${candidate.from}`,
  };
}

/** Asked to serve nobody, nnlint ends well, or says what it is missing. */
async function byItself(candidate: Candidate, run: Run): Promise<Start | Miss> {
  const { file } = candidate;
  const ran = await run(file, ["server"]);
  if (ran.code === 0) return { command: file, args: ["server"], told: `${file}, from ${candidate.from}` };
  if (ran.code === null) return { candidate, reason: "is not there" };
  return { candidate, reason: `does not start (${firstLine(ran.error)})`, command: "pip install 'nnlint[lsp]'" };
}

function quoted(file: string): string {
  return /[^\w./\\:-]/.test(file) ? `"${file}"` : file;
}

function firstLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
