import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../clock.js'

/** A process says so often that its folder is its own; one that is silent for {@link ORPHANED_MS} has lost it. */
const HEARTBEAT_MS = 10_000
const ORPHANED_MS = 60_000
const ALIVE = 'alive'
const SUFFIX = '.spill'
const QUARANTINED = '.damaged'
const ADOPTED = /^from-\d+-[0-9a-f-]{36}$/

/** A file that was written whole. */
export interface SpillFile {
  readonly path: string
  readonly bytes: number
  /** How many records were written into it. */
  readonly records: number
}

/** The folder of one process within the spill's. */
export interface SpillFolder {
  /** Writes a file durably; null where the disk does not take it. */
  write(name: string, bytes: Uint8Array, records: number): Promise<SpillFile | null>
  /** Takes over the folders of processes that have died: their files, in the order of their names. */
  adopt(): Promise<SpillFile[]>
  /** Removes a file. */
  remove(file: SpillFile): Promise<void>
  /** Sets a damaged file aside. */
  quarantine(file: SpillFile): Promise<void>
  /** Gives up the folder: whoever comes next may take over at once what is left in it. */
  close(): Promise<void>
}

/** The name that a file was written under. */
export function nameOf({ path }: SpillFile): string {
  return basename(path, SUFFIX)
}

/**
 * Opens the folder, which is made when it is first needed. Folders of the dead are taken over whole, by a rename that
 * only one process can win, and stand side by side in the new one, each until it is empty.
 */
export function openSpillFolder(dir: string, clock: Clock): SpillFolder {
  const own = join(dir, `${process.pid}-${randomUUID()}`)
  let made: Promise<void> | null = null
  let heartbeat: NodeJS.Timeout | undefined

  const touch = () => utimes(join(own, ALIVE), clock.now() / 1000, clock.now() / 1000).catch(() => {})

  async function makeFolder(): Promise<void> {
    await mkdir(own, { recursive: true, mode: 0o700 })
    await writeFile(join(own, ALIVE), '', { mode: 0o600 })
    await touch()
    await syncFolder(dir)
    heartbeat ??= setInterval(touch, HEARTBEAT_MS).unref()
  }

  async function tryWrite(path: string, bytes: Uint8Array): Promise<boolean> {
    made ??= makeFolder()
    try {
      await made
      await writeDurably(path, bytes)
      return true
    } catch {
      made = null
      await unlink(`${path}.part`).catch(() => {})
      return false
    }
  }

  async function adoptFolder(name: string): Promise<SpillFile[]> {
    const folder = join(dir, name)
    const seen = await stat(join(folder, ALIVE)).catch(() => null)
    if (seen !== null && clock.now() - seen.mtimeMs < ORPHANED_MS) return []
    made ??= makeFolder()
    await made
    const taken = [join(own, `from-${name}`)]
    await rename(folder, taken[0]!)
    const files: SpillFile[] = []
    for (const from of taken) {
      for (const inner of await readdir(from)) {
        // What the dead had taken over moves up: folders would nest deeper with every process otherwise.
        if (ADOPTED.test(inner)) {
          await rename(join(from, inner), join(own, inner))
          taken.push(join(own, inner))
        } else if (inner.endsWith(SUFFIX)) {
          files.push(await describe(join(from, inner)))
        } else if (!inner.endsWith(QUARANTINED)) {
          await unlink(join(from, inner)).catch(() => {})
        }
      }
      await rmdir(from).catch(() => {})
    }
    return files
  }

  /** Removes the folder that a file stood in, where it was the last one of a dead process's. */
  const leave = ({ path }: SpillFile) => (dirname(path) === own ? undefined : rmdir(dirname(path)).catch(() => {}))

  return {
    async write(name, bytes, records) {
      const path = join(own, `${name}${SUFFIX}`)
      // The folder may have been taken over while this process stood still: then it is made anew.
      const kept = (await tryWrite(path, bytes)) || (await tryWrite(path, bytes))
      return kept ? { path, bytes: bytes.length, records } : null
    },
    async adopt() {
      const files: SpillFile[] = []
      for (const name of await readdir(dir).catch(() => [])) {
        if (join(dir, name) === own || !/^\d+-[0-9a-f-]{36}$/.test(name)) continue
        files.push(...(await adoptFolder(name).catch(() => [])))
      }
      return files.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    },
    async remove(file) {
      await unlink(file.path).catch(() => {})
      await leave(file)
    },
    async quarantine({ path }) {
      await rename(path, `${path}${QUARANTINED}`).catch(() => {})
    },
    async close() {
      clearInterval(heartbeat)
      if (made === null) return
      await rm(join(own, ALIVE), { force: true })
      await rmdir(own).catch(() => {})
    },
  }
}

async function describe(path: string): Promise<SpillFile> {
  return { path, bytes: (await stat(path)).size, records: Number(/-(\d+)\.spill$/.exec(path)?.[1] ?? 0) }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(`${path}.part`, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
  await syncFolder(dirname(path))
}

/** Makes the names in a folder outlast a power failure. Windows cannot, and need not, open a folder for that. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
