import { createLogDestination, createLogger, type Logger } from '@agent-prompt-train/core'
import type { Environment } from './environment.js'

/** The process's log on standard output. */
export interface Log {
  readonly logger: Logger
  /** Writes text for people between the lines. */
  print(text: string): void
  /** Writes out what is still held back, as far as anybody reads it. */
  close(): Promise<void>
}

/** Opens the log: JSON lines, or one readable line an entry. A log that cannot be written holds nothing up. */
export async function openLog({
  logLevel: level,
  logPretty,
}: Pick<Environment, 'logLevel' | 'logPretty'>): Promise<Log> {
  const output = createLogDestination(1)
  const print = (text: string) => output.write(text)
  const write = logPretty ? await prettyLines(print) : print
  return { logger: createLogger({ level, destination: { write } }), print, close: () => output.end() }
}

async function prettyLines(write: (line: string) => void): Promise<(line: string) => void> {
  const { createPrettyLines } = await import('./pretty-lines.js')
  return createPrettyLines(write)
}
