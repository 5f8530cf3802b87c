import { open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StorageError } from '../../errors.js'
import type { FolderLock } from './folder-lock.js'
import { toWriteError } from './write-error.js'

/**
 * Replaces the file at `path`, whole and durably, unless the lock has been lost: the new file is made in the lock's own
 * folder, so that the rename which publishes it fails once a taker-over has removed that folder.
 *
 * @throws StorageError `lease_lost`, `read_only`, `write_failed`: the old file stays as it was
 */
export async function replaceFile(lock: FolderLock, path: string, text: string): Promise<void> {
  const next = join(lock.path, 'next')
  await fenced(path, async () => {
    const file = await open(next, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(next, path)
    await syncFolder(dirname(path))
  })
}

/**
 * Removes the file at `path` durably, unless the lock has been lost. It is moved rather than unlinked, because
 * unlink(2) would find the next holder's file as well.
 *
 * @throws StorageError `lease_lost`, `read_only`, `write_failed`
 */
export async function removeFile(lock: FolderLock, path: string): Promise<void> {
  await fenced(path, async () => {
    await rename(path, join(lock.path, 'removed'))
    await syncFolder(dirname(path))
  })
}

async function fenced(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toWriteError(path, error)
    throw leaseLost(path)
  }
}

/** The error of a holder that came too late. */
export function leaseLost(path: string): StorageError {
  return new StorageError('lease_lost', `${path}: another process has taken over the right to change it`)
}

/** Makes a rename outlast a power failure. Windows cannot, and need not, open a folder for that. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
