/** The kinds of round, by name. */
export const rounds: Readonly<Record<string, object>>
