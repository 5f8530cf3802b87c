import { write, writeSync } from 'node:fs'

/** Lines not yet written are kept up to here: a log that is not read must not become the process's memory. */
const MAX_PENDING_CHARACTERS = 8 * 1024 * 1024
/** Lines wait for others up to this time, since a write for each costs more than all else that is logged of a request. */
const GATHER_MS = 50
const GATHER_CHARACTERS = 64 * 1024
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
 * Writes lines to a file descriptor, those of 50 ms together; what waits when the process exits is written then, and only
 * a process that is killed loses it. Not pino's own destination: on a full disk its exit hook, which an unhandled error
 * triggers, sleeps and tries again for ever, and the process with it.
 */
export function createLogDestination(fd: number): LogDestination {
  let pending: string[] = []
  let characters = 0
  let lost = 0
  /** When the write under way began, of performance.now(); null while there is none. */
  let since: number | null = null
  let gathering: NodeJS.Timeout | undefined
  let whenIdle: (() => void) | null = null

  function flush(): void {
    clearTimeout(gathering)
    gathering = undefined
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
        since = null
        next()
      }
    })
  }

  /** What comes where no write is under way. */
  function next(): void {
    if (pending.length === 0) whenIdle?.()
    else if (characters >= GATHER_CHARACTERS || whenIdle !== null) flush()
    else gathering ??= setTimeout(flush, GATHER_MS).unref()
  }

  process.once('exit', () => {
    if (pending.length === 0 || (since !== null && performance.now() - since > STALLED_MS)) return
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
      if (since === null) next()
    },
    get lost() {
      return lost
    },
    end() {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, END_MS)
        whenIdle = () => {
          clearTimeout(timer)
          resolve()
        }
        if (since === null) next()
      })
    },
  }
}
