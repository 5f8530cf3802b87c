import { deserialize, serialize } from 'node:v8'
import { KeyRingError } from '../errors.js'
import type { Sealer } from '../key-ring/sealer.js'
import type { ExchangeRecord, StoredContent } from '../storage/exchange-store.js'

const PURPOSE = 'exchange-spill'
const LENGTH_BYTES = 4

/** Seals records one by one, each with its length before it, for a file of this name and for their place in it. */
export async function sealFrames(sealer: Sealer, name: string, records: readonly ExchangeRecord[]): Promise<Buffer> {
  const frames: Uint8Array[] = []
  for (const [index, record] of records.entries()) {
    const sealed = await sealer.seal(serialize(record), { purpose: PURPOSE, id: `${name}/${index}` })
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(sealed.length)
    frames.push(length, sealed)
  }
  return Buffer.concat(frames)
}

/**
 * Reads what {@link sealFrames} gave, as far as it is whole: a damaged record is left out, and from where the file is
 * cut nothing is read.
 *
 * @throws KeyRingError `key_unavailable`, or `key_unknown` where none is readable and a key is not in the ring: then
 * nothing is known of what is whole
 */
export async function readFrames(sealer: Sealer, name: string, bytes: Buffer): Promise<ExchangeRecord[]> {
  const records: ExchangeRecord[] = []
  let keyUnknown: KeyRingError | null = null
  let at = 0
  for (let index = 0; at + LENGTH_BYTES <= bytes.length; index++) {
    const start = at + LENGTH_BYTES
    at = start + bytes.readUInt32BE(at)
    if (at > bytes.length) break
    try {
      const opened = await sealer.open(bytes.subarray(start, at), { purpose: PURPOSE, id: `${name}/${index}` })
      records.push(toCurrent(deserialize(opened)))
    } catch (error) {
      if (!(error instanceof KeyRingError)) continue
      if (error.code === 'key_unavailable') throw error
      if (error.code === 'key_unknown') keyUnknown = error
    }
  }
  // One key seals a whole file: among records that open, an unknown key is damage too.
  if (keyUnknown !== null && records.length === 0) throw keyUnknown
  return records
}

/** As it was written before there were runs: a node for each message. */
type EarlierContent = Omit<StoredContent, 'runs'> & {
  readonly nodes: readonly { readonly id: string; readonly parent: string | null; readonly part: string }[]
}

/** A spill may outlast the version that wrote it. */
function toCurrent(record: ExchangeRecord): ExchangeRecord {
  if (record.content === null || 'runs' in record.content) return record
  const { nodes, ...content } = record.content as EarlierContent
  return { ...record, content: { ...content, runs: nodes.map(({ part, ...run }) => ({ ...run, parts: [part] })) } }
}
