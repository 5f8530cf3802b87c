import { readFileSync } from 'node:fs'
import { generalHelp, generateKeyHelp, serveHelp } from './help.js'

/** One command of the command line. */
export interface Command {
  /** As typed after `prompt-train`. */
  readonly name: string
  readonly help: string
  /** Its options beside `--help`; none takes a value. */
  readonly options: readonly string[]
  /** Loads what the command needs. */
  readonly load: () => Promise<{ run(values: Readonly<Record<string, boolean>>): void | Promise<void> }>
}

/** All commands. */
export const commands: readonly Command[] = [
  { name: 'serve', help: serveHelp, options: [], load: () => import('./commands/serve.js') },
  {
    name: 'auth generate-key',
    help: generateKeyHelp,
    options: ['json'],
    load: () => import('./commands/generate-key.js'),
  },
]

/** Prints the help of a command, or of all. */
export function showHelp(text: string = generalHelp): Pick<Command, 'load'> {
  return { load: async () => ({ run: () => void process.stdout.write(text) }) }
}

/** Prints the version of this package. */
export const showVersion: Pick<Command, 'load'> = {
  load: async () => ({
    run() {
      const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
      process.stdout.write(`${version}\n`)
    },
  }),
}
