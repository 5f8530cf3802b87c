/** A command line that is not understood: exit code 2. The message names what, and the help that is nearest. */
export class UsageError extends Error {
  constructor(problem: string, help = 'prompt-train') {
    super(`${problem}\nSee: ${help} --help`)
  }
}
