#!/bin/sh
# tree-sitter's grammar of TypeScript reads some values on the line after `return` as what is returned: -1, but not 1.
#
# In the language a line break ends any `return`. The grammar ends it unless the next line begins with what may also
# continue an expression: a sign, a regular expression, a template. So two sources with the same tree may do different
# things, and who compares trees has to look at the lines of such words, too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tree-sitter==0.26.1 tree-sitter-typescript==0.23.2
cat > "$folder/try.py" <<'PY'
from importlib.metadata import version

import tree_sitter_typescript
from tree_sitter import Language, Parser

print("tree-sitter", version("tree-sitter"), "with the grammar", version("tree-sitter-typescript"))
parser = Parser(Language(tree_sitter_typescript.language_typescript()))
for value in ("1", "-1", "/x/", "`x`"):
    for space in (" ", "\n"):
        text = f"function f() {{ return{space}{value} }}"
        tree = parser.parse(text.encode()).root_node
        print(f"  {text!r}:", str(tree).partition("(statement_block ")[2][:-3])
PY
now=$("$folder/venv/bin/python" "$folder/try.py")
seen="tree-sitter 0.26.1 with the grammar 0.23.2
  'function f() { return 1 }': (return_statement (number))
  'function f() { return\\n1 }': (return_statement) (expression_statement (number))
  'function f() { return -1 }': (return_statement (unary_expression argument: (number)))
  'function f() { return\\n-1 }': (return_statement (unary_expression argument: (number)))
  'function f() { return /x/ }': (return_statement (regex pattern: (regex_pattern)))
  'function f() { return\\n/x/ }': (return_statement (regex pattern: (regex_pattern)))
  'function f() { return \`x\` }': (return_statement (template_string (string_fragment)))
  'function f() { return\\n\`x\` }': (return_statement (template_string (string_fragment)))"
printf 'now:\n%s\n\nseen on 2026-11-30:\n%s\n' "$now" "$seen"
[ "$now" = "$seen" ] || { echo 'the behaviour has changed'; exit 1; }
