import { mkdir, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../clock.js'
import { isHolderGone, nameHolder } from './process-identity.js'
import { toWriteError } from './write-error.js'

/** A holder shows this often that it lives. */
const HEARTBEAT_MS = 1000
/** A holder that showed no life for this long is taken over. */
const PATIENCE_MS = 5000
/** Before a holder's name: a lock that is prepared but not taken. */
const PREPARED = '.lock.'
const FIRST_DELAY_MS = 5
const LONGEST_DELAY_MS = 50

/** A lock that is held, unless another process has taken over. */
export interface FolderLock {
  /**
   * A folder that exists for as long as the lock is held. Whatever must not happen later than that is a rename(2) out
   * of it or into it: the taker-over removes the folder first, so the rename fails with ENOENT however late it comes.
   */
  readonly path: string
  /** Aborted when the lock is lost. */
  readonly signal: AbortSignal
  /** Gives the lock back; false where it had been lost before. */
  release(): Promise<boolean>
}

/**
 * Takes the lock `name` in `folder`, waiting for as long as another holder lives.
 *
 * The lock is held while `.<name>.lock` has an entry, which is named after its holder. It is taken by renaming a
 * prepared folder to that name, which rename(2) does only where nothing or an empty folder stands there. A holder that is
 * gone is evicted by removing the entry of its name, which cannot hit the next holder's. Life is seen by the entry's
 * change time moving, against the waiter's own monotonic clock: clocks that differ or are set do no harm.
 *
 * @throws StorageError `read_only`, `write_failed`
 */
export async function takeFolderLock(folder: string, name: string, clock: Clock): Promise<FolderLock> {
  const lockPath = join(folder, `.${name}.lock`)
  const showsLife = lifeWatch(lockPath, clock)
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 1.5, LONGEST_DELAY_MS)) {
    try {
      const holder = await readHolder(lockPath)
      if (holder === null) {
        const own = await tryTake(folder, lockPath)
        if (own !== null) {
          // A leftover that cannot be removed does no harm.
          await sweepUp(folder).catch(() => {})
          return hold(lockPath, own)
        }
      } else if (isHolderGone(holder) || !(await showsLife(holder))) {
        await evict(join(lockPath, holder))
        continue
      }
    } catch (error) {
      throw toWriteError(lockPath, error)
    }
    await delay(delayMs * (0.5 + Math.random()))
  }
}

async function readHolder(lockPath: string): Promise<string | null> {
  try {
    return (await readdir(lockPath))[0] ?? null
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

/** Tells whether a holder's entry changed within the last {@link PATIENCE_MS}, as far as this watch has seen it. */
function lifeWatch(lockPath: string, clock: Clock): (holder: string) => Promise<boolean> {
  let last = ''
  let since = 0
  return async (holder) => {
    const sign = await stat(join(lockPath, holder), { bigint: true }).then(
      ({ ctimeNs }) => ctimeNs,
      () => 'none',
    )
    const current = `${holder}:${sign}`
    if (current !== last) {
      last = current
      since = clock.monotonic()
    }
    return clock.monotonic() - since < PATIENCE_MS
  }
}

/** The name of our entry, or null where another process was first. */
async function tryTake(folder: string, lockPath: string): Promise<string | null> {
  const own = nameHolder()
  const prepared = join(folder, PREPARED + own)
  // Not recursive: that tells a read-only file system as a missing folder.
  await mkdir(prepared, { mode: 0o700 })
  try {
    await mkdir(join(prepared, own), { mode: 0o700 })
    await rename(prepared, lockPath)
    return own
  } catch (error) {
    await rm(prepared, { recursive: true, force: true })
    // The last: a process that swept up took ours for a leftover.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return null
    throw error
  }
}

function hold(lockPath: string, own: string): FolderLock {
  const path = join(lockPath, own)
  const lost = new AbortController()
  const heartbeat = setInterval(async () => {
    const now = new Date()
    await utimes(path, now, now).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) lost.abort()
    })
  }, HEARTBEAT_MS).unref()

  async function giveBack(): Promise<boolean> {
    clearInterval(heartbeat)
    try {
      for (const name of await readdir(path)) await rm(join(path, name))
      await rmdir(path)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) return true
      lost.abort()
      return false
    }
    // Not empty: the next holder has come in.
    await rmdir(lockPath).catch(() => {})
    return true
  }

  let released: Promise<boolean> | null = null
  return {
    path,
    signal: lost.signal,
    release() {
      released ??= giveBack()
      return released
    },
  }
}

/** Removes the entry of a holder that is gone. Until it is removed the holder may write; from then on it cannot. */
async function evict(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    // The holder was about to write: look again.
    if (!hasCode(error, 'ENOTEMPTY')) throw error
  }
}

/** Removes what processes left that were killed between preparing a lock and taking it. */
async function sweepUp(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const isLeftover = name.startsWith(PREPARED) && isHolderGone(name.slice(PREPARED.length))
    if (isLeftover) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
