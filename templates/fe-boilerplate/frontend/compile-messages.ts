import { compileMessage } from "@lingui/message-utils/compileMessage";
import type { Plugin } from "vite";

const CATALOGUE = /[\\/]core[\\/]language[\\/]catalogues[\\/][^\\/]+\.ts$/;

/** Compiles the message catalogues, so that the browser needs no parser of ICU messages. */
export function compileMessages(): Plugin {
  return {
    name: "compile-messages",
    apply: "build",
    transform: {
      filter: { id: CATALOGUE },
      handler(code) {
        const { body } = this.parse(code);
        const exported = body.find((statement) => statement.type === "ExportDefaultDeclaration");
        const catalogue = exported?.declaration;
        if (catalogue?.type !== "ObjectExpression") this.error("a catalogue exports an object");
        const compiled = catalogue.properties.map((property) => {
          if (property.type !== "Property" || property.value.type !== "Literal")
            return this.error("a message is a literal");
          const { key, value } = property;
          const name = key.type === "Identifier" ? key.name : key.type === "Literal" && key.value;
          return [name, compileMessage(String(value.value))];
        });
        return {
          code: `export default ${JSON.stringify(Object.fromEntries(compiled))};`,
          map: null,
        };
      },
    },
  };
}
