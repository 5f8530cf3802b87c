import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.js'
import { KeyRingError } from '../src/errors.js'
import { createSealer } from '../src/key-ring/sealer.js'
import { openSpill, type Spill, type SpillOptions } from '../src/record/spill.js'
import { ExchangeWriter } from '../src/record/writer.js'
import type { ExchangeStore } from '../src/storage/exchange-store.js'
import { memoryExchanges } from '../src/storage/memory-exchanges.js'
import { newRecord } from './support/new-record.js'

const key = createHash('sha256').update('FAKE ring key').digest()
const sealer = createSealer({ current: 'k1', keys: { k1: key } })
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spill-'))
  folders.push(folder)
  return folder
}

const spillIn = (dir: string, options: Partial<SpillOptions> = {}) =>
  openSpill({ dir, sealer, clock: systemClock, maxBytes: 1e9, onKeyMissing() {}, ...options })

/** A memory store that can be away, and tells in which order it took what. */
function openStore(away = false) {
  const store = memoryExchanges(100_000)
  const taken: string[] = []
  return {
    taken,
    store: {
      ...store,
      async append(records) {
        if (away) throw Object.assign(new Error('FAKE'), { code: 'away' })
        taken.push(...records.map(({ requestId }) => requestId))
        await store.append(records)
      },
    } satisfies ExchangeStore,
  }
}

function openWriter(store: ExchangeStore, spill: Spill): ExchangeWriter {
  const retention = { recordsMs: null, bodiesMs: null }
  return new ExchangeWriter({ store, spill, clock: systemClock, retention, onLost() {}, onAway() {} })
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(condition()).toBe(true)
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`)
const filesIn = (dir: string) =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:spill|damaged)$/.test(name))

describe('the spill', () => {
  it('keeps what the writer holds when it is closed while the store is away; the next process takes it over', async () => {
    const dir = newFolder()
    const first = openStore(true)
    const spill = spillIn(dir)
    const one = openWriter(first.store, spill)
    for (const id of ids(30)) one.add(newRecord(id))
    await one.close(3000)
    await spill.close()
    expect(one.dropped).toBe(0)

    const second = openStore()
    const next = spillIn(dir)
    await next.adopt()
    const two = openWriter(second.store, next)
    two.start()
    await until(() => second.taken.length === 30)
    expect(second.taken).toEqual(ids(30))
    await two.close(1000)
    await next.close()
    expect(readdirSync(dir)).toEqual([])
  })

  it('is readable by its owner alone, and shows nothing', async () => {
    const dir = newFolder()
    const spill = spillIn(dir)
    await spill.write([newRecord('r1')])
    const [name] = filesIn(dir)
    const path = join(dir, name!)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    expect(readFileSync(path, 'latin1')).not.toContain('FAKE')
    await spill.close()
  })

  it('takes no more than its cap', async () => {
    const spill = spillIn(newFolder(), { maxBytes: 2000 })
    const results = [
      await spill.write([newRecord('r1')]),
      await spill.write([newRecord('r2', { path: 'x'.repeat(3000) })]),
    ]
    expect(results).toEqual([true, false])
    await spill.close()
  })

  it('is refused, not fatal, where nothing can be written', async () => {
    const dir = join(newFolder(), 'file')
    writeFileSync(dir, '')
    expect(await spillIn(dir).write([newRecord('r1')])).toBe(false)
  })

  it.each([
    ['cut short', (path: string) => truncateSync(path, statSync(path).size - 5), ['r0', 'r1']],
    ['changed in its second record', (path: string) => flip(path, 1), ['r0', 'r2']],
    ['given foreign bytes at its end', (path: string) => appendFileSync(path, Buffer.alloc(10)), ['r0', 'r1', 'r2']],
  ])('gives what is whole of a file that was %s, and sets it aside', async (_name, damage, expected) => {
    const dir = newFolder()
    const spill = spillIn(dir)
    await spill.write(['r0', 'r1', 'r2'].map((id) => newRecord(id)))
    damage(join(dir, filesIn(dir)[0]!))
    const { store, taken } = openStore()
    const writer = openWriter(store, spill)
    writer.start()
    await until(() => spill.waiting === 0)
    await writer.close(1000)
    expect(taken).toEqual(expected)
    expect(writer.dropped).toBe(3 - expected.length)
    expect(filesIn(dir).filter((name) => name.endsWith('.damaged'))).toHaveLength(expected.length < 3 ? 1 : 0)
  })

  it('tries a file again that cannot be read now, after what came before it', async () => {
    const dir = newFolder()
    const spill = spillIn(dir)
    for (const id of ids(3)) await spill.write(Array.from({ length: 2 }, (_, i) => newRecord(`${id}-${i}`)))
    const second = join(dir, filesIn(dir).sort()[1]!)
    renameSync(second, `${second}.x`)
    mkdirSync(second)
    const first = await spill.oldest()
    expect(first?.records.map(({ requestId }) => requestId)).toEqual(['r0-0', 'r0-1'])
    await first?.done()
    await expect(spill.oldest()).rejects.toMatchObject({ code: 'EISDIR' })
    expect(spill.records).toBe(4)
    rmdirSync(second)
    renameSync(`${second}.x`, second)
    const rest = await spill.oldest()
    expect(rest?.records.map(({ requestId }) => requestId)).toEqual(['r1-0', 'r1-1', 'r2-0', 'r2-1'])
    await rest?.done()
    await spill.close()
    expect(readdirSync(dir)).toEqual([])
  })

  it('leaves what it has no key for to a process that has it, says so, and replays the rest', async () => {
    const dir = newFolder()
    const before = spillIn(dir)
    await before.write([newRecord('r0')])
    await before.close()

    const missing: string[] = []
    const other = createSealer({ current: 'k2', keys: { k2: createHash('sha256').update('FAKE other').digest() } })
    const without = spillIn(dir, { sealer: other, onKeyMissing: ({ message }) => missing.push(message) })
    await without.adopt()
    await without.write([newRecord('r1')])
    const batch = await without.oldest()
    expect(batch).toMatchObject({ damaged: 0, records: [{ requestId: 'r1' }] })
    await batch?.done()
    expect(await without.oldest()).toBeNull()
    expect([without.waiting, without.records]).toEqual([0, 1])
    expect(missing).toEqual([expect.stringContaining('add k1 back')])
    await without.close()

    const after = spillIn(dir)
    await after.adopt()
    const left = await after.oldest()
    expect(left?.records.map(({ requestId }) => requestId)).toEqual(['r0'])
    await left?.done()
    await after.close()
    expect(readdirSync(dir)).toEqual([])
  })

  it('takes nothing while its key is away', async () => {
    const away = async () => Promise.reject(new KeyRingError('key_unavailable', 'FAKE'))
    const spill = spillIn(newFolder(), { sealer: { ...sealer, seal: away } })
    expect(await spill.write([newRecord('r0')])).toBe(false)
  })

  it('does not nest what it takes over deeper with every process', async () => {
    const dir = newFolder()
    for (const id of ids(6)) {
      const spill = spillIn(dir)
      await spill.adopt()
      await spill.write([newRecord(id)])
      await spill.close()
    }
    const last = spillIn(dir)
    await last.adopt()
    const depths = filesIn(dir).map((name) => name.split(sep).length)
    expect(depths).toEqual(Array(6).fill(3))
    const batch = await last.oldest()
    expect(batch?.records.map(({ requestId }) => requestId)).toEqual(ids(6))
    await batch?.done()
    await last.close()
    expect(readdirSync(dir)).toEqual([])
  })

  it('opens under its own name alone', async () => {
    const dir = newFolder()
    const spill = spillIn(dir)
    await spill.write([newRecord('r0')])
    await spill.write([newRecord('r1')])
    const [one, two] = filesIn(dir).map((name) => join(dir, name))
    renameSync(one!, `${one}.x`)
    renameSync(two!, one!)
    renameSync(`${one}.x`, two!)
    expect((await spill.oldest())?.records).toEqual([])
    await spill.close()
  })

  it("leaves a living process's folder alone, and takes over one that has been silent for a minute", async () => {
    const dir = newFolder()
    const living = spillIn(dir)
    await living.write([newRecord('r0')])
    const other = spillIn(dir)
    await other.adopt()
    expect(other.waiting).toBe(0)
    const [alive] = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('alive'))
    utimesSync(join(dir, alive!), new Date(Date.now() - 61_000), new Date(Date.now() - 61_000))
    await other.adopt()
    expect(other.records).toBe(1)
    expect(await living.oldest()).toBeNull()
    await living.write([newRecord('r1')])
    expect((await other.oldest())?.records.map(({ requestId }) => requestId)).toEqual(['r0'])
    await Promise.all([living.close(), other.close()])
  })
})

/** Changes one byte in the middle of a record, by its place in the file. */
function flip(path: string, index: number): void {
  const bytes = readFileSync(path)
  let at = 0
  for (let i = 0; i < index; i++) at += 4 + bytes.readUInt32BE(at)
  bytes[at + 4 + 60]! ^= 1
  writeFileSync(path, bytes)
}
