// Reads { path: source } as JSON from standard input and prints the syntax errors that TypeScript's parser finds.
import { readFileSync } from "node:fs";
import ts from "typescript";

const sources = JSON.parse(readFileSync(0, "utf-8"));
for (const [path, source] of Object.entries(sources)) {
  const parsed = ts.createSourceFile(path, source, ts.ScriptTarget.Latest);
  for (const error of parsed.parseDiagnostics) {
    const { line } = parsed.getLineAndCharacterOfPosition(error.start);
    console.log(`${path}:${line + 1}: ${ts.flattenDiagnosticMessageText(error.messageText, " ")}`);
  }
}
