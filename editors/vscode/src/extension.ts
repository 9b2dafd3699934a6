/** nnlint in VS Code: finds it, starts its language server, and runs scripts to check the findings. */

import * as vscode from "vscode";
import { type LanguageClientOptions, RevealOutputChannelOn } from "vscode-languageclient";
import { ExecuteCommandRequest, LanguageClient } from "vscode-languageclient/node";
import { candidates, pythons, whenSelected } from "./candidates";
import { advice, isPython, locate, type Miss, runIn } from "./locate";

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("nnlint", { log: true });
  server = new Server(log, context.extensionPath);
  const running = server;
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("nnlint.restart", () => running.restart()),
    vscode.commands.registerCommand("nnlint.runScript", () => running.runScript()),
    vscode.commands.registerCommand("nnlint.showLog", () => log.show()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      const matters = ["nnlint.path", "python.defaultInterpreterPath"]; // the server hears of the others itself
      if (matters.some((each) => change.affectsConfiguration(each))) void running.restart();
    }),
    await whenSelected(() => void running.restart()),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

class Server {
  private client: LanguageClient | undefined;
  private last: Promise<void> = Promise.resolve();
  private isWanted = false;
  /** What runs scripts, if it is not the Python that nnlint is in. */
  private python: string | undefined;

  constructor(
    private readonly log: vscode.LogOutputChannel,
    /** Where the server stands: modules of the workspace must not come before Python's own. */
    private readonly folder: string,
  ) {}

  /** Start, or start anew; one after the other, and once for many wishes. */
  restart(): Promise<void> {
    if (!this.isWanted) {
      this.isWanted = true;
      this.last = this.last.then(async () => {
        this.isWanted = false;
        await this.end();
        await this.start();
      });
    }
    return this.last;
  }

  async stop(): Promise<void> {
    await this.last;
    await this.end();
  }

  /** Run the script of the active editor; its findings get the verdicts of the run. */
  async runScript(): Promise<void> {
    const document = vscode.window.activeNotebookEditor?.notebook ?? vscode.window.activeTextEditor?.document;
    const isPython = document !== undefined && (!("languageId" in document) || document.languageId === "python");
    if (!isPython) {
      void vscode.window.showInformationMessage("nnlint: open the script that is to be run.");
      return;
    }
    if (this.client === undefined) {
      void vscode.window.showWarningMessage("nnlint: the server does not run, see its log.");
      return;
    }
    if (document.isUntitled || !(await allSaved()) || document.isDirty) {
      void vscode.window.showInformationMessage("nnlint: save the script first; what is run is the file.");
      return;
    }
    const { client, python } = this;
    const uri = client.code2ProtocolConverter.asUri(document.uri);
    const name = vscode.workspace.asRelativePath(document.uri);
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `nnlint: running ${name} for a few steps` },
      () => client.sendRequest(ExecuteCommandRequest.type, { command: "nnlint.probe", arguments: python ? [uri, python] : [uri] }),
    );
  }

  private async start(): Promise<void> {
    const { start, misses } = await locate(await candidates(), runIn(this.folder));
    for (const miss of misses) this.log.info(`${miss.candidate.from}: ${miss.candidate.file} ${miss.reason}`);
    if (start === undefined) {
      void this.tellMissing(misses);
      return;
    }
    this.log.info(start.told);
    this.python = isPython(start.command) ? undefined : (await pythons()).at(0)?.file;
    if (this.python !== undefined) this.log.info(`scripts are run by ${this.python}`);
    const client = new LanguageClient(
      "nnlint",
      "nnlint",
      { command: start.command, args: start.args, options: { cwd: this.folder } },
      this.options(),
    );
    try {
      await client.start();
      this.client = client;
    } catch (error) {
      this.log.error(`the server did not start: ${String(error)}`);
      await client.dispose().catch(() => {});
      void vscode.window.showErrorMessage("nnlint: the server did not start.", "Show log").then((chosen) => {
        if (chosen !== undefined) this.log.show();
      });
    }
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: ["file", "untitled", "vscode-notebook-cell"].map((scheme) => ({ scheme, language: "python" })),
      synchronize: { configurationSection: "nnlint" },
      initializationOptions: vscode.workspace.getConfiguration("nnlint"),
      outputChannel: this.log,
      traceOutputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware: {
        window: {
          /** A rule's page is shown as it is meant to be read. */
          async showDocument(params, token, next) {
            const uri = vscode.Uri.parse(params.uri);
            if (uri.scheme !== "file" || !uri.path.endsWith(".md")) return next(params, token);
            await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
            return { success: true };
          },
        },
      },
    };
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose(2000).catch((error: unknown) => this.log.warn(`the server did not end: ${String(error)}`));
  }

  private async tellMissing(misses: readonly Miss[]): Promise<void> {
    const { text, command } = advice(misses);
    const choices = ["Copy the command", "Open the setting", "Show log"] as const;
    switch (await vscode.window.showWarningMessage(text, ...choices)) {
      case "Copy the command":
        await vscode.env.clipboard.writeText(command);
        break;
      case "Open the setting":
        await vscode.commands.executeCommand("workbench.action.openSettings", "nnlint.path");
        break;
      case "Show log":
        this.log.show();
    }
  }
}

/** A script is run with the modules that it imports, as they are on disk. */
async function allSaved(): Promise<boolean> {
  const isUnsaved = (each: { isDirty: boolean; isUntitled: boolean }) => each.isDirty && !each.isUntitled;
  const modules = vscode.workspace.textDocuments.filter((each) => each.languageId === "python" && each.uri.scheme === "file");
  const unsaved = [...modules, ...vscode.workspace.notebookDocuments].filter(isUnsaved);
  return (await Promise.all(unsaved.map((each) => each.save()))).every(Boolean);
}
