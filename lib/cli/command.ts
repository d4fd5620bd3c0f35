/**
 * Defines what a command is, and how it refuses.
 *
 * @module
 */

/** The package that the command came with. */
export interface Package {
  /** Its folder, with what it brings along. */
  readonly folder: URL;
  readonly version: string;
}

/** Is given what stood behind its name. */
export type Command = (args: string[], from: Package) => Promise<void>;

/** Says what is wrong and what to do, to the person who typed the command. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
