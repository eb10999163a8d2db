/** The arguments of ICU messages, as types. */

/** The arguments of a message by name: a number where it has plural forms, else a text. */
export type ArgumentsOf<Message extends string> = OfText<Message>;

// Texts and arguments contain each other, so each brace leads from the one to the other.
type OfText<Text extends string> = Text extends `${infer Before}{${infer After}`
  ? Before extends `${string}}${infer Rest}`
    ? OfArgument<`${Rest}{${After}`>
    : OfOpened<After>
  : Text extends `${string}}${infer Rest}`
    ? OfArgument<Rest>
    : unknown;

type OfArgument<Text extends string> = Text extends `${infer Before}{${infer After}`
  ? Before extends `${string}}${infer Rest}`
    ? OfText<`${Rest}{${After}`>
    : OfText<After>
  : Text extends `${string}}${infer Rest}`
    ? OfText<Rest>
    : unknown;

/** The arguments of a text after the brace that opens an argument. */
type OfOpened<Text extends string> = Text extends `${infer Argument}}${infer Rest}`
  ? Argument extends `${infer Name}, plural,${string}{${string}`
    ? { readonly [N in Name]: number } & OfText<AfterBrace<Text>>
    : Argument extends `${infer Name}, select,${string}{${string}`
      ? { readonly [N in Name]: string } & OfText<AfterBrace<Text>>
      : { readonly [N in Argument]: string } & OfText<Rest>
  : unknown;

type AfterBrace<Text extends string> = Text extends `${string}{${infer Rest}` ? Rest : never;
