import { type DestinationStream, type LevelWithSilentOrString, pino } from 'pino'
import { ConfigurationError, KeyRingError, StorageError } from './errors.js'

/** Where the library logs to: pino's own shape, so that a host's pino logger fits as it is. */
export interface Logger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What {@link createLogger} takes. */
export interface LoggerOptions {
  /** @default "info" */
  readonly level?: LevelWithSilentOrString
  /** Where the JSON lines go. @default standard output, written without holding up the process */
  readonly destination?: DestinationStream
}

/** Creates the library's logger: pino, one JSON line an entry, `time` as an ISO date. */
export function createLogger(options: LoggerOptions = {}): Logger {
  return pino(
    { level: options.level ?? 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime },
    options.destination ?? pino.destination({ dest: 1, sync: false }),
  )
}

function ignore(): void {}

/** Says nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** Passes on to `logger` and never throws: a host's logger that fails is the host's affair, requests go on. */
export function unfailingLogger(logger: Logger): Logger {
  const guard = (level: keyof Logger) => (facts: object, message: string) => {
    try {
      logger[level](facts, message)
    } catch {
      // Nowhere left to tell.
    }
  }
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') }
}

/**
 * What may be logged of an error: its name, code, and where it came from. The text of foreign errors is left out,
 * because they quote what they failed on: header values, URLs with passwords, upstream bytes. The text of our own says
 * what to mend.
 */
export function toLoggedError(error: unknown): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, cause } = error
  const code = (error as NodeJS.ErrnoException).code
  return {
    name,
    ...(isOwn(error) && { message: error.message }),
    ...(code !== undefined && { code: String(code) }),
    ...(cause === undefined
      ? {
          at: error.stack
            ?.split('\n')
            .filter((line) => line.startsWith('    at '))
            .slice(0, 10),
        }
      : { cause: toLoggedError(cause) }),
  }
}

/** Errors of ours that never tell a secret, and more than their code does. */
function isOwn(error: Error): boolean {
  return error instanceof ConfigurationError || error instanceof KeyRingError || error instanceof StorageError
}
