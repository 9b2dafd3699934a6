/** Where nnlint may be, in the order in which the places are asked. */

import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { type Candidate, expanded, pythonOf } from "./locate";

export async function candidates(): Promise<Candidate[]> {
  const named = vscode.workspace.getConfiguration("nnlint").get<string>("path", "").trim();
  if (named !== "") return [{ file: asPath(named), from: "the setting nnlint.path", only: true }];
  return [...(await pythons()), { file: "nnlint", from: "the PATH" }];
}

/** The Pythons of the workspace, the one that is most likely meant first. */
export async function pythons(): Promise<Candidate[]> {
  const folders = localFolders();
  const found: Candidate[] = [];
  const selected = await (await pythonExtension())?.selected(folders[0]?.uri);
  if (selected !== undefined) found.push({ file: selected, from: "the Python that is selected" });
  const usual = said("python", "defaultInterpreterPath", folders[0]?.uri);
  if (usual) found.push({ file: asPath(usual), from: "the setting python.defaultInterpreterPath" });
  for (const each of folders) {
    for (const name of [".venv", "venv"]) {
      const python = pythonOf(path.join(each.uri.fsPath, name));
      if (python !== undefined) found.push({ file: python, from: `${name} of ${each.name}` });
    }
  }
  return found.filter((each, number) => found.findIndex((other) => other.file === each.file) === number);
}

function asPath(text: string): string {
  return expanded(text, localFolders()[0]?.uri.fsPath, os.homedir(), process.env);
}

function localFolders(): vscode.WorkspaceFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).filter((each) => each.uri.scheme === "file");
}

/** Calls back when another Python is selected. */
export async function whenSelected(changed: () => void): Promise<vscode.Disposable> {
  return (await pythonExtension())?.whenSelected(changed) ?? new vscode.Disposable(() => {});
}

/** What is used of the Python extension, if it is installed. */
interface Python {
  selected(resource: vscode.Uri | undefined): Promise<string | undefined>;
  whenSelected(changed: () => void): vscode.Disposable;
}

interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: { readonly path: string },
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

async function pythonExtension(): Promise<Python | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined) return undefined;
  try {
    const environments = (await extension.activate()).environments;
    if (environments === undefined) return undefined; // too old
    return {
      async selected(resource) {
        const active = environments.getActiveEnvironmentPath(resource);
        return (await environments.resolveEnvironment(active))?.executable.uri?.fsPath;
      },
      whenSelected: (changed) => environments.onDidChangeActiveEnvironmentPath(changed),
    };
  } catch {
    return undefined; // its trouble, not ours
  }
}

/** A setting that somebody has said; its default says nothing. */
function said(section: string, key: string, resource: vscode.Uri | undefined): string | undefined {
  const values = vscode.workspace.getConfiguration(section, resource).inspect<string>(key);
  return values?.workspaceFolderValue ?? values?.workspaceValue ?? values?.globalValue;
}
