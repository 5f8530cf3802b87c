import { type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.js'
import { isCredentialFileName } from './file-name.js'

/** A watcher can miss changes (network folders, container mounts): the folder is looked through this often anyway. */
const POLL_MS = 2000
/** What comes together within this time is looked at once. A storm of changes does not put the look off. */
const GATHER_MS = 100
/** Until a file that is missing is looked for again. */
const SECOND_LOOK_MS = 250
/** A look gives way to requests after this long. */
const SLICE_MS = 2

/** Keeps looking at a folder until it is closed. */
export interface FolderWatch {
  close(): void
}

/** What {@link watchFolder} takes. */
export interface FolderWatchOptions {
  readonly clock: Clock
  /** Looks through the folder, a small step at a time. */
  look(): Generator<void, void>
  /** Whether the next look should come soon: what is missing may be back in a moment. */
  hasMissing(): boolean
}

/** Looks through `folder` soon after each change, and every two seconds. */
export function watchFolder(folder: string, { clock, look, hasMissing }: FolderWatchOptions): FolderWatch {
  let timer: NodeJS.Timeout | null = null
  let isLooking = false
  let isClosed = false

  function lookWithin(ms: number): void {
    if (!isClosed) timer ??= setTimeout(() => void run(), ms).unref()
  }

  async function run(): Promise<void> {
    timer = null
    if (isLooking) return lookWithin(GATHER_MS)
    isLooking = true
    let sliceEnd = clock.monotonic() + SLICE_MS
    for (const _step of look()) {
      if (clock.monotonic() < sliceEnd) continue
      await nextTurn()
      sliceEnd = clock.monotonic() + SLICE_MS
    }
    isLooking = false
    if (hasMissing()) lookWithin(SECOND_LOOK_MS)
  }

  const poll = setInterval(() => lookWithin(0), POLL_MS).unref()
  const watcher = startWatcher(folder, () => lookWithin(GATHER_MS))
  return {
    close() {
      isClosed = true
      clearInterval(poll)
      if (timer !== null) clearTimeout(timer)
      watcher?.close()
    },
  }
}

/** Null where the system cannot watch this folder: the poll does without. */
function startWatcher(folder: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      // A change of the folder itself has its own name. Kubernetes exchanges all files of a mount by its link "..data".
      const isTold = name === null || isCredentialFileName(name) || name === basename(folder) || name === '..data'
      if (isTold) onChange()
    })
    return watcher.on('error', () => watcher.close())
  } catch {
    return null
  }
}
