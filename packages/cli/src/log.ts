import { createLogger, type Logger } from '@agent-prompt-train/core'
import { pino } from 'pino'
import type { Environment } from './environment.js'

/** The process's log on standard output. */
export interface Log {
  readonly logger: Logger
  /** Writes out what is still held back. Nothing can be logged after it. */
  close(): Promise<void>
}

/** Opens the log: JSON lines, or one readable line an entry. */
export async function openLog({
  logLevel: level,
  logPretty,
}: Pick<Environment, 'logLevel' | 'logPretty'>): Promise<Log> {
  if (logPretty) {
    const { createPrettyLines } = await import('./pretty-lines.js')
    const destination = { write: createPrettyLines((line) => process.stdout.write(line)) }
    return { logger: createLogger({ level, destination }), close: async () => {} }
  }
  const destination = pino.destination({ dest: 1, sync: false })
  return {
    logger: createLogger({ level, destination }),
    // Not flushSync(): beside a write that is under way it changes the order of the lines.
    close: () => new Promise((resolve) => destination.once('close', resolve).end()),
  }
}
