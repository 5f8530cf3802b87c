import { write, writeSync } from 'node:fs'

/** Lines not yet written are kept up to here: a log that is not read must not become the process's memory. */
const MAX_PENDING_CHARACTERS = 8 * 1024 * 1024
/** A full pipe or disk is tried again after this time. */
const RETRY_MS = 100
/** A write that takes longer is held up by whoever should read. */
const STALLED_MS = 1000
const END_MS = 2000

/** Where log lines go; writing never waits and never fails. */
export interface LogDestination {
  write(line: string): void
  /** Lines that were lost, because the log could not be written or was not read. */
  readonly lost: number
  /** Resolves once what is pending has been written, or after two seconds. */
  end(): Promise<void>
}

/**
 * Writes lines to a file descriptor. Not pino's own destination: on a full disk its exit hook, which an unhandled error
 * triggers, sleeps and tries again for ever, and the process with it.
 */
export function createLogDestination(fd: number): LogDestination {
  let pending: string[] = []
  let characters = 0
  let lost = 0
  /** When the write under way began, of performance.now(); null while there is none. */
  let since: number | null = null
  let whenIdle: (() => void) | null = null

  function flush(): void {
    const lines = pending
    pending = []
    characters = 0
    attempt(Buffer.from(lines.join('')), lines.length)
  }

  function attempt(bytes: Buffer, lines: number): void {
    since = performance.now()
    write(fd, bytes, (error, written) => {
      const code = error?.code
      if (code === 'EAGAIN' || code === 'EBUSY') {
        setTimeout(() => attempt(bytes, lines), RETRY_MS).unref()
      } else if (error === null && written < bytes.length) {
        attempt(bytes.subarray(written), lines)
      } else {
        if (error !== null) lost += lines
        next()
      }
    })
  }

  function next(): void {
    since = null
    if (pending.length > 0) flush()
    else whenIdle?.()
  }

  process.once('exit', () => {
    if (pending.length === 0 || since === null || performance.now() - since > STALLED_MS) return
    try {
      writeSync(fd, pending.join(''))
    } catch {
      // Nobody is left to be told.
    }
  })

  return {
    write(line) {
      if (characters > MAX_PENDING_CHARACTERS) {
        lost++
        return
      }
      pending.push(line)
      characters += line.length
      if (since === null) flush()
    },
    get lost() {
      return lost
    },
    end() {
      if (since === null) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, END_MS)
        whenIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
  }
}
