/** Writes the statements that make the tables and functions of {@linkcode postgresStore}. */
export const STORE: string = ``;
