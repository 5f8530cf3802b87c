import { readFile } from 'node:fs/promises'
import type { Clock } from '../clock.js'
import { KeyRingError } from '../errors.js'
import type { Sealer } from '../key-ring/sealer.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { BATCH_BYTES, BATCH_ROWS } from './record-queue.js'
import { nameOf, openSpillFolder, type SpillFile } from './spill-folder.js'
import { readFrames, sealFrames } from './spill-frames.js'

/** Records kept on disk while the store cannot take them. */
export interface Spill {
  /** Files that wait to be replayed. */
  readonly waiting: number
  /** Records written and not yet replayed, as far as this process knows. */
  readonly records: number
  /** Writes the records durably, after those before; false where the disk, the cap or the key ring does not take them. */
  write(records: readonly ExchangeRecord[]): Promise<boolean>
  /**
   * The records of the oldest files, as many as go into one batch; null where there are none. One call at a time.
   *
   * @throws KeyRingError `key_unavailable`
   * @throws what the file system throws, such as EMFILE or EIO: the file is tried again
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
  /** Called once for each file whose key is not in the key ring; it is left to a process that has the key. */
  onKeyMissing(error: KeyRingError): void
}

/** Opens the spill: one file a batch, in the order of their names. */
export function openSpill({ dir, sealer, clock, maxBytes, onKeyMissing }: SpillOptions): Spill {
  const folder = openSpillFolder(dir, clock)
  const files: SpillFile[] = []
  /** Files that this process has no key for: on disk, but not waiting. */
  const locked: SpillFile[] = []
  let written = 0

  const onDisk = () => [...files, ...locked]
  const forget = (file: SpillFile) => files.splice(files.indexOf(file), 1)

  /** The records of a file that are whole; null where there is nothing to replay any more, or not by this process. */
  async function read(file: SpillFile): Promise<ExchangeRecord[] | null> {
    try {
      return await readFrames(sealer, nameOf(file), await readFile(file.path))
    } catch (error) {
      if (error instanceof KeyRingError && error.code === 'key_unknown') {
        locked.push(file)
        onKeyMissing(error)
        return null
      }
      // Another process has taken it over, and replays it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  return {
    get waiting() {
      return files.length
    },
    get records() {
      return onDisk().reduce((sum, { records }) => sum + records, 0)
    },
    async write(records) {
      const name = `${String(clock.now()).padStart(15, '0')}-${String(written++).padStart(8, '0')}-${records.length}`
      const bytes = await sealFrames(sealer, name, records).catch(() => null)
      const used = onDisk().reduce((sum, { bytes }) => sum + bytes, 0)
      if (bytes === null || used + bytes.length > maxBytes) return false
      const file = await folder.write(name, bytes, records.length)
      if (file !== null) files.push(file)
      return file !== null
    },
    async oldest() {
      const taken: SpillFile[] = []
      const records: ExchangeRecord[] = []
      const damaged = new Map<SpillFile, number>()
      let bytes = 0
      for (const file of [...files]) {
        bytes += file.bytes
        if (taken.length > 0 && (records.length + file.records > BATCH_ROWS || bytes > BATCH_BYTES)) break
        const whole = await read(file).catch((error) => {
          if (taken.length === 0) throw error
        })
        // What was read before it goes first, and then this one is the oldest.
        if (whole === undefined) break
        if (whole === null) {
          forget(file)
          continue
        }
        taken.push(file)
        if (whole.length < file.records) damaged.set(file, file.records - whole.length)
        records.push(...whole)
      }
      if (taken.length === 0) return null
      return {
        records,
        damaged: [...damaged.values()].reduce((sum, lost) => sum + lost, 0),
        async done() {
          for (const file of taken) {
            forget(file)
            await (damaged.has(file) ? folder.quarantine(file) : folder.remove(file))
          }
        },
      }
    },
    async adopt() {
      files.push(...(await folder.adopt()))
    },
    close: () => folder.close(),
  }
}
