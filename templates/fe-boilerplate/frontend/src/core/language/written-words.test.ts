import ts from "typescript";
import { expect, test } from "vitest";

// Words in these would be shown in one language only.
const SHOWN =
  /^(aria-label|alt|caption|children|description|help|label|message|nothingFoundMessage|placeholder|title)$/;
const WORD = /\p{L}{2}/u;

const sources = import.meta.glob<string>(
  [
    "../../{app,core}/**/*.{ts,tsx}",
    "!../../**/*.test.{ts,tsx}",
    "!../../core/{test,ui/testing}/**",
  ],
  { eager: true, query: "?raw", import: "default" },
);

test("no word of the interface is written outside the catalogues", () => {
  const found = Object.entries(sources).flatMap(([path, source]) =>
    wordsOf(path, source).map((word) => `${path}: ${word}`),
  );
  expect(found).toEqual([]);
});

test("words are found in elements, attributes and properties", () => {
  const source = `
    const button = { "aria-label": "Close", name: "close" };
    const view = <Text title={isNew ? "New" : t("edit")} size="sm">Hello {name}</Text>;
    const hint = <Text>{\`Not \${word}\`}{isOpen && "Open"}</Text>;`;
  expect(wordsOf("a.tsx", source)).toEqual(["Close", "New", "Hello", "Not", "Open"]);
});

/** Return the texts with words in places where people see them. */
function wordsOf(path: string, source: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) found.push(node.text.trim());
    else if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent))
      found.push(...textsOf(node.expression));
    else if (ts.isJsxAttribute(node) && SHOWN.test(node.name.getText(file)))
      found.push(...textsOf(node.initializer));
    else if (ts.isPropertyAssignment(node) && SHOWN.test(nameOf(node.name)))
      found.push(...textsOf(node.initializer));
    ts.forEachChild(node, visit);
  };
  const kind = path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, kind);
  visit(file);
  return found.filter((text) => WORD.test(text));
}

function nameOf(name: ts.PropertyName): string {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : "";
}

/** Return the texts that an expression can have as its value. */
function textsOf(node: ts.Node | undefined): readonly string[] {
  if (!node) return [];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].map((text) =>
      text.trim(),
    );
  if (ts.isJsxExpression(node)) return textsOf(node.expression);
  if (ts.isConditionalExpression(node))
    return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node)) return textsOf(node.right);
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  return [];
}
