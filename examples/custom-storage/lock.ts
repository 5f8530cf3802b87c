import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StorageError } from '@agent-prompt-train/core'

/** A holder shows this often that it lives. */
const HEARTBEAT_MS = 1000
/** A holder that showed no life for this long is taken over. */
const PATIENCE_MS = 5000

/** The right to write, until another process takes over. */
export interface Lock {
  /** Aborted when another process has taken over. */
  readonly signal: AbortSignal
  /**
   * Puts `text` in place of the file, durably and as a whole; null removes the file.
   *
   * @throws StorageError `lease_lost` when another process has taken over; nothing is changed then
   */
  replace(path: string, text: string | null): Promise<void>
}

/**
 * Runs `body` while no other process runs one under this lock.
 *
 * The lock is the folder `path` with one entry, named after its holder. It is taken by renaming a prepared folder to `path`,
 * which rename(2) refuses while there is an entry. Whoever takes over moves the entry of that one holder away first, and a
 * holder writes by renames out of its entry and into it: from that moment they fail, however late they come.
 */
export async function withLock<Result>(path: string, body: (lock: Lock) => Promise<Result>): Promise<Result> {
  const holder = randomUUID()
  await take(path, holder)
  const own = join(path, holder)
  const lost = new AbortController()
  const heartbeat = setInterval(() => {
    const now = new Date()
    utimes(own, now, now).catch(() => lost.abort())
  }, HEARTBEAT_MS).unref()
  try {
    return await body({ signal: lost.signal, replace: (target, text) => replace(own, target, text) })
  } finally {
    clearInterval(heartbeat)
    await rm(own, { recursive: true, force: true })
    // Not there, or not empty: the next holder has come.
    await rmdir(path).catch(() => {})
  }
}

async function take(path: string, holder: string): Promise<void> {
  const prepared = `${path}.${holder}`
  await mkdir(join(prepared, holder), { recursive: true, mode: 0o700 })
  let seen = ''
  let since = 0
  while (!(await isRenamed(prepared, path))) {
    const [other] = await readdir(path).catch(() => [])
    const entry = join(path, other ?? '')
    const sign = `${other} ${(await stat(entry).catch(() => null))?.mtimeMs}`
    // By the waiter's own clock: those of two machines may differ, and any may be set.
    if (sign !== seen) [seen, since] = [sign, performance.now()]
    else if (other !== undefined && performance.now() - since > PATIENCE_MS) await evict(entry, `${path}.${other}`)
    await sleep(5 + Math.random() * 15)
  }
}

async function isRenamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false
    throw error
  }
}

async function evict(entry: string, aside: string): Promise<void> {
  await rename(entry, aside).catch((error: unknown) => {
    // Another waiter was first, or the holder has ended.
    if (!hasCode(error, 'ENOENT')) throw error
  })
  await rm(aside, { recursive: true, force: true })
}

async function replace(own: string, target: string, text: string | null): Promise<void> {
  try {
    if (text === null) return await rename(target, join(own, 'removed'))
    const draft = join(own, 'draft')
    await writeDurably(draft, text)
    await rename(draft, target)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    throw new StorageError('lease_lost', 'Another process has taken over.', { cause: error })
  }
}

/** Writes a file of the owner's alone that is on the disk when this resolves. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Whether it is an error of the operating system with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
