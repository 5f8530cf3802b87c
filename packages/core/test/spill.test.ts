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
import { systemClock } from '../clock.js'
import { createSealer } from '../key-ring/sealer.js'
import type { ExchangeRecord, ExchangeStore } from '../storage/exchange-store.js'
import { memoryExchanges } from '../storage/memory-exchanges.js'
import { openSpill, type Spill } from './spill.js'
import { ExchangeWriter } from './writer.js'

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

/** A memory store that can be broken, and tells in which order it took what. */
function openStore() {
  const store = memoryExchanges(100_000)
  const taken: string[] = []
  const state: { append: 'works' | 'rejects' | 'hangs'; refuses: (record: ExchangeRecord) => boolean } = {
    append: 'works',
    refuses: () => false,
  }
  let calls = 0
  return {
    taken,
    state,
    get calls() {
      return calls
    },
    store: {
      ...store,
      async append(records) {
        calls += 1
        if (state.append === 'hangs') return new Promise<void>(() => {})
        if (state.append === 'rejects' || records.some(state.refuses))
          throw Object.assign(new Error('FAKE'), { code: 'away' })
        taken.push(...records.map(({ requestId }) => requestId))
        await store.append(records)
      },
    } satisfies ExchangeStore,
  }
}

function openWriter(
  store: ExchangeStore,
  spill: Spill | null,
  retention = { recordsMs: null, bodiesMs: null } as { recordsMs: number | null; bodiesMs: number | null },
) {
  const lost: [number, string, boolean][] = []
  const away: boolean[] = []
  const writer = new ExchangeWriter({
    store,
    spill,
    clock: systemClock,
    retention,
    onLost: (...loss) => lost.push(loss),
    onAway: (is) => void (is !== away.at(-1) && away.push(is)),
  })
  return { writer, lost, away }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(condition()).toBe(true)
}

const ids = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `r${String(from + i).padStart(5, '0')}`)
const filesIn = (dir: string) =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:spill|damaged)$/.test(name))

describe('ExchangeWriter', () => {
  it('writes in order and in batches', async () => {
    const { store, taken } = openStore()
    const { writer } = openWriter(store, null)
    for (const id of ids(1200)) writer.add(newRecord(id))
    await writer.close(5000)
    expect(taken).toEqual(ids(1200))
    expect(writer.dropped).toBe(0)
  })

  it.each([false, true])(
    'keeps what a store rejects until it takes it again, in order and once (spill: %s)',
    async (spills) => {
      const { store, taken, state } = openStore()
      const spill = spills ? spillIn(newFolder()) : null
      const { writer, away, lost } = openWriter(store, spill)
      state.append = 'rejects'
      for (const id of ids(300)) writer.add(newRecord(id))
      await until(() => writer.away && (spill === null || spill.records === 300))
      for (const id of ids(100, 300)) writer.add(newRecord(id))
      state.append = 'works'
      await until(() => taken.length === 400)
      for (const id of ids(10, 400)) writer.add(newRecord(id))
      await writer.close(5000)
      expect(taken).toEqual(ids(410))
      expect(away).toEqual([true, false])
      expect([writer.dropped, lost, spill?.records ?? 0]).toEqual([0, [], 0])
    },
  )

  it('does not wait for a store that never answers, nor call it more and more', async () => {
    const backend = openStore()
    const dir = newFolder()
    const spill = spillIn(dir)
    const { writer } = openWriter(backend.store, spill)
    backend.state.append = 'hangs'
    for (const id of ids(50)) writer.add(newRecord(id))
    await until(() => spill.records === 50)
    expect(backend.calls).toBeLessThanOrEqual(3)
    backend.state.append = 'works'
    await until(() => backend.taken.length === 50)
    await writer.close(1000)
    expect(filesIn(dir)).toEqual([])
  })

  it('drops the newest past its bounds, and counts each', async () => {
    const { store, state } = openStore()
    const { writer, lost } = openWriter(store, null)
    state.append = 'rejects'
    const accepted = ids(20_500).filter((id) => writer.add(newRecord(id)))
    expect(accepted).toEqual(ids(20_000))
    expect(writer.dropped).toBe(500)
    expect(lost.every(([, , taken]) => !taken)).toBe(true)
    await writer.close(300)
    expect(writer.dropped).toBe(20_500)
  })

  it('loses only the record that the store refuses among others', async () => {
    const { store, state, taken } = openStore()
    const { writer } = openWriter(store, null)
    state.refuses = ({ requestId }) => requestId === 'r00002'
    for (const id of ids(5)) writer.add(newRecord(id))
    await until(() => taken.length === 4)
    await writer.close(1000)
    expect(taken).toEqual(['r00000', 'r00001', 'r00003', 'r00004'])
    expect(writer.dropped).toBe(1)
  })

  it('spills what it holds when it is closed while the store is away; the next process takes it over', async () => {
    const dir = newFolder()
    const first = openStore()
    first.state.append = 'rejects'
    const spill = spillIn(dir)
    const one = openWriter(first.store, spill)
    for (const id of ids(30)) one.writer.add(newRecord(id))
    await one.writer.close(3000)
    await spill.close()
    expect(one.writer.dropped).toBe(0)

    const second = openStore()
    const next = spillIn(dir)
    await next.adopt()
    const two = openWriter(second.store, next)
    two.writer.start()
    await until(() => second.taken.length === 30)
    expect(second.taken).toEqual(ids(30))
    await two.writer.close(1000)
    await next.close()
    expect(readdirSync(dir)).toEqual([])
  })

  it('does not store what its retention would purge', async () => {
    const dir = newFolder()
    const spill = spillIn(dir)
    const content = {
      request: new Uint8Array(1),
      tip: null,
      nodes: [],
      parts: [],
      references: [],
      answer: null,
      truncated: false,
    }
    const ages = [10_000, 5_000, 0].map((age, i) => newRecord(`r${i}`, { startedAt: Date.now() - age, content }))
    await spill.write(ages)
    const { store } = openStore()
    const { writer } = openWriter(store, spill, { recordsMs: 8_000, bodiesMs: 3_000 })
    writer.start()
    await until(() => spill.records === 0)
    expect(await store.find('r0')).toBeNull()
    expect((await store.find('r1'))?.content).toBeNull()
    expect((await store.find('r2'))?.content).not.toBeNull()
    await writer.close(100)
  })
})

describe('the spill', () => {
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
    const { writer } = openWriter(store, spill)
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
