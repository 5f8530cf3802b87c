import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Clock } from '../clock.js'
import type { Sealer } from '../key-ring/sealer.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { BATCH_BYTES, BATCH_ROWS } from './record-queue.js'
import { readFrames, sealFrames } from './spill-frames.js'

/** A process says so often that its folder is its own; one that is silent for {@link ORPHANED_MS} has lost it. */
const HEARTBEAT_MS = 10_000
const ORPHANED_MS = 60_000
const ALIVE = 'alive'
const SUFFIX = '.spill'
const QUARANTINED = '.damaged'

/** Records kept on disk while the store cannot take them. */
export interface Spill {
  /** Files that wait to be replayed. */
  readonly waiting: number
  /** Records written and not yet replayed, as far as this process knows. */
  readonly records: number
  /** Writes the records durably, after those before; false where the disk or the cap does not take them. */
  write(records: readonly ExchangeRecord[]): Promise<boolean>
  /**
   * The records of the oldest files, as many as go into one batch; null where there are none. One call at a time.
   *
   * @throws KeyRingError `key_unavailable`
   */
  oldest(): Promise<SpilledBatch | null>
  /** Takes over what dead processes left behind. */
  adopt(): Promise<void>
  close(): Promise<void>
}

/** What some files hold. */
export interface SpilledBatch {
  readonly records: readonly ExchangeRecord[]
  /** How many records could not be read; their files are set aside. */
  readonly damaged: number
  /** Removes the files, once their records are stored. */
  done(): Promise<void>
}

/** What {@link openSpill} takes. */
export interface SpillOptions {
  readonly dir: string
  readonly sealer: Sealer
  readonly clock: Clock
  readonly maxBytes: number
}

interface SpillFile {
  readonly path: string
  readonly bytes: number
  readonly records: number
}

/**
 * Opens the spill: files of this process in a folder of its own, one a batch, in the order of their names. Folders of
 * processes that have died are taken over whole, by a rename that only one can win.
 */
export function openSpill({ dir, sealer, clock, maxBytes }: SpillOptions): Spill {
  const own = join(dir, `${process.pid}-${randomUUID()}`)
  const files: SpillFile[] = []
  let made: Promise<unknown> | null = null
  let heartbeat: NodeJS.Timeout | undefined
  let written = 0

  const used = () => files.reduce((sum, { bytes }) => sum + bytes, 0)
  const touch = () => utimes(join(own, ALIVE), clock.now() / 1000, clock.now() / 1000).catch(() => {})

  async function makeFolder(): Promise<void> {
    await mkdir(own, { recursive: true, mode: 0o700 })
    await writeFile(join(own, ALIVE), '', { mode: 0o600 })
    await touch()
    heartbeat ??= setInterval(touch, HEARTBEAT_MS).unref()
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

  async function adoptFolder(name: string): Promise<void> {
    const folder = join(dir, name)
    const seen = await stat(join(folder, ALIVE)).catch(() => null)
    if (seen !== null && clock.now() - seen.mtimeMs < ORPHANED_MS) return
    const taken = join(own, `from-${name}`)
    made ??= makeFolder()
    await made
    await rename(folder, taken)
    const found = await list(taken)
    files.push(...found)
  }

  return {
    get waiting() {
      return files.length
    },
    get records() {
      return files.reduce((sum, { records }) => sum + records, 0)
    },
    async write(records) {
      const name = `${String(clock.now()).padStart(15, '0')}-${String(written++).padStart(8, '0')}-${records.length}`
      const bytes = await sealFrames(sealer, name, records)
      if (used() + bytes.length > maxBytes) return false
      const path = join(own, `${name}${SUFFIX}`)
      // The folder may have been taken over while this process stood still: then it is made anew.
      const kept = (await tryWrite(path, bytes)) || (await tryWrite(path, bytes))
      if (kept) files.push({ path, bytes: bytes.length, records: records.length })
      return kept
    },
    async oldest() {
      const taken: SpillFile[] = []
      const records: ExchangeRecord[] = []
      const damaged = new Map<SpillFile, number>()
      let bytes = 0
      for (const file of files) {
        bytes += file.bytes
        if (taken.length > 0 && (records.length + file.records > BATCH_ROWS || bytes > BATCH_BYTES)) break
        taken.push(file)
        const content = await readFile(file.path).catch(() => null)
        // Another process has taken it over, and replays it.
        if (content === null) continue
        const whole = await readFrames(sealer, nameOf(file.path), content)
        if (whole.length < file.records) damaged.set(file, file.records - whole.length)
        records.push(...whole)
      }
      if (taken.length === 0) return null
      return {
        records,
        damaged: [...damaged.values()].reduce((sum, lost) => sum + lost, 0),
        async done() {
          files.splice(0, taken.length)
          for (const file of taken) {
            if (damaged.has(file)) await rename(file.path, `${file.path}${QUARANTINED}`).catch(() => {})
            else await unlink(file.path).catch(() => {})
          }
        },
      }
    },
    async adopt() {
      const names = await readdir(dir).catch(() => [])
      for (const name of names.sort()) {
        if (join(dir, name) === own || !/^\d+-[0-9a-f-]{36}$/.test(name)) continue
        await adoptFolder(name).catch(() => {})
      }
    },
    async close() {
      clearInterval(heartbeat)
      if (made === null) return
      // Whoever comes next may take over at once.
      await rm(join(own, ALIVE), { force: true })
      for (const name of await readdir(own).catch(() => [])) await rmdir(join(own, name)).catch(() => {})
      await rmdir(own).catch(() => {})
    },
  }
}

/** The files of a folder and of those it had taken over itself, in the order of their names. */
async function list(folder: string): Promise<SpillFile[]> {
  const names = await readdir(folder, { recursive: true })
  const found = names.filter((name) => name.endsWith(SUFFIX))
  const files = await Promise.all(
    found.map(async (name) => {
      const path = join(folder, name)
      return { path, bytes: (await stat(path)).size, records: Number(/-(\d+)\.spill$/.exec(name)?.[1] ?? 0) }
    }),
  )
  return files.sort((a, b) => (nameOf(a.path) < nameOf(b.path) ? -1 : 1))
}

function nameOf(path: string): string {
  return basename(path, SUFFIX)
}
