import { type DestinationStream, type LevelWithSilentOrString, pino } from 'pino'
import { maskJson } from './masking/mask-json.js'
import { cutText, cutTexts, maskLine } from './masking/mask-line.js'
import { maskText } from './masking/mask-text.js'

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

/**
 * Creates the library's logger: pino, one JSON line an entry, `time` as an ISO date. Every line is masked, holds no
 * character that a terminal or a log reader obeys, and no value longer than 1 KiB.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: maskLine },
    },
    options.destination ?? pino.destination({ dest: 1, sync: false }),
  )
}

function ignore(): void {}

/** Says nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/**
 * Wraps a host's own logger: what the library says through it is masked before the host's logger sees it.
 * Values longer than 1 KiB are cut.
 */
export function maskingLogger(logger: Logger): Logger {
  const say = (level: keyof Logger) => (facts: object, message: string) =>
    logger[level](cutTexts(maskJson(facts)) as object, cutText(maskText(message)))
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

/** Wraps a host's logger that may throw: what cannot be logged keeps nothing else from being done. */
export function unfailingLogger(logger: Logger): Logger {
  const say = (level: keyof Logger) => (facts: object, message: string) => {
    try {
      logger[level](facts, message)
    } catch {
      // Nowhere left to tell.
    }
  }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

const MAX_CAUSES = 8
const MAX_FRAMES = 10

/**
 * What may be logged of an error: its name, code, masked message, and where it came from or what caused it. Whatever
 * else foreign errors carry (`data`, `input`, headers) is left out.
 */
export function toLoggedError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, cause } = error
  const code = (error as NodeJS.ErrnoException).code
  const frames = toFrames(error)
  return {
    name,
    ...(code !== undefined && { code: String(code) }),
    // Parsers quote what they failed on, and a piece of a secret has no form to know it by.
    ...(!(error instanceof SyntaxError) && { message: cutText(maskText(error.message)) }),
    ...(cause === undefined || depth === MAX_CAUSES ? { at: frames } : { cause: toLoggedError(cause, depth + 1) }),
  }
}

/** The frames of a stack, without the message above them, which may look like frames itself. */
function toFrames(error: Error): string[] {
  const stack = error.stack ?? ''
  const message = stack.indexOf(error.message)
  const below = message < 0 ? stack : stack.slice(message + error.message.length)
  return below
    .split('\n', MAX_FRAMES * 2)
    .filter((line) => line.startsWith('    at '))
    .slice(0, MAX_FRAMES)
    .map((line) => cutText(maskText(line)))
}
