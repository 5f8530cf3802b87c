import { pino } from 'pino'
import { createLogDestination, type LogDestination } from './log-destination.js'
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
  readonly level?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /** Where the JSON lines go, each with its line break. @default standard output, written without holding up the process */
  readonly destination?: { write(line: string): void }
}

/**
 * Creates the library's logger: pino, one JSON line an entry, `time` as an ISO date. Every line is masked, holds no
 * character that a terminal or a log reader obeys, and no value longer than 1 KiB.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: createTimestamp(),
      hooks: { streamWrite: maskLine },
    },
    options.destination ?? standardOutput(),
  )
  masked.add(logger)
  return logger
}

let ofStandardOutput: LogDestination | undefined

/** One for all loggers: each has a listener for the process's exit. */
function standardOutput(): LogDestination {
  ofStandardOutput ??= createLogDestination(1)
  return ofStandardOutput
}

/** The member of a line that says when: ISO 8601. All but the milliseconds is kept for a second. */
function createTimestamp(): () => string {
  let second = Number.NaN
  let beginning = ''
  return () => {
    const now = Date.now()
    const ms = now % 1000
    if (now - ms !== second) {
      second = now - ms
      beginning = `,"time":"${new Date(second).toISOString().slice(0, -4)}`
    }
    return `${beginning}${String(ms).padStart(3, '0')}Z"`
  }
}

/** Loggers that mask by themselves. */
const masked = new WeakSet<Logger>()

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
 * Wraps a host's own logger: what the library says through it is masked before the host's logger sees it.
 * Values longer than 1 KiB are cut. A logger of {@link createLogger} does so itself and is returned as it is.
 */
export function maskingLogger(logger: Logger): Logger {
  if (masked.has(logger)) return logger
  const say = (level: keyof Logger) => (facts: object, message: string) =>
    logger[level](cutTexts(maskJson(facts)) as object, cutText(maskText(message)))
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
