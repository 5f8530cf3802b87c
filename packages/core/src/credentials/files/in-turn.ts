/** Runs what has the same name one after another, in the order of the calls. */
export type RunInTurn = <T>(name: string, run: () => Promise<T>) => Promise<T>

/** Creates turns of their own. */
export function createTurns(): RunInTurn {
  /** The end of the last run of each name. */
  const ends = new Map<string, Promise<void>>()
  return (name, run) => {
    const result = (ends.get(name) ?? Promise.resolve()).then(run)
    const end = result
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        if (ends.get(name) === end) ends.delete(name)
      })
    ends.set(name, end)
    return result
  }
}
