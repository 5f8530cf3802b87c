import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.js'
import { createSealer } from '../src/key-ring/sealer.js'
import { openSpill, type Spill } from '../src/record/spill.js'
import { ExchangeWriter } from '../src/record/writer.js'
import type { ExchangeRecord, ExchangeStore } from '../src/storage/exchange-store.js'
import { memoryExchanges } from '../src/storage/memory-exchanges.js'

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

const spillIn = (dir: string, maxBytes = 1e9) => openSpill({ dir, sealer, clock: systemClock, maxBytes })

function newRecord(requestId: string, facts: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId,
    startedAt: Date.now(),
    domain: 'FAKE.example',
    path: '/v1/messages',
    content: null,
    ...facts,
  } as ExchangeRecord
}

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
    const spill = spillIn(newFolder(), 2000)
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
    expect((await living.oldest())?.records).toEqual([])
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
