/**
 * Names types of the web platform that only the DOM library has, by way of those that every runtime's types have.
 *
 * A server's types come from `@types/node`, `bun-types` or Deno, mostly without the DOM library: `Headers` is there, and
 * the name of what its constructor takes is not. Derived from the constructor, each is what the reader's own runtime says
 * it is, so a value of the runtime's type always fits.
 *
 * @module
 */

/** Headers as the runtime's `Headers` takes them: a `Headers`, pairs of name and value, or a record. */
export type HeadersSource = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/** A body as the runtime's `Response` takes it: text, bytes, a stream, a form. */
export type BodySource = NonNullable<ConstructorParameters<typeof Response>[0]>;
