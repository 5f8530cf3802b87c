import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClientKey } from '../client-key.js'
import type { Logger } from '../logger.js'
import type { ClientKey, ClientKeyStore, ClientKeyUse } from '../storage/storage.js'
import { createUseCounter } from './use-counter.js'

const NOW = 1_800_000_000_000
const { record: key } = createClientKey({ domain: 'example.com' })
const { record: other } = createClientKey({ domain: 'example.com' })
const old: ClientKey = { ...other, replacedBy: key.keyId, expiresAt: NOW + 86_400_000 }

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

function open(addUses: ClientKeyStore['addUses'] = async () => {}) {
  const lines: { message: string; [fact: string]: unknown }[] = []
  const log = (facts: object, message: string) => void lines.push({ ...facts, message })
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const batches: (readonly ClientKeyUse[])[] = []
  const store = {
    find: () => null,
    async addUses(uses: readonly ClientKeyUse[]) {
      batches.push(uses)
      await addUses(uses)
    },
  }
  return { uses: createUseCounter([store], { clock: { now: Date.now }, logger }), batches, lines }
}

describe('createUseCounter', () => {
  it('tells the store every 5 seconds what has come together, and nothing where nothing has', async () => {
    const { uses, batches } = open()
    uses.count(key, '192.0.2.1')
    await vi.advanceTimersByTimeAsync(1000)
    uses.count(key, '192.0.2.2')
    uses.count(other, null)
    await vi.advanceTimersByTimeAsync(3999)
    expect(batches).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([
      [
        { keyId: key.keyId, requests: 2, lastUsedAt: NOW + 1000, lastAddress: '192.0.2.2' },
        { keyId: other.keyId, requests: 1, lastUsedAt: NOW + 1000, lastAddress: null },
      ],
    ])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(batches).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps what the store refused, says so once, and tries again', async () => {
    let away = true
    const { uses, batches, lines } = open(async () => {
      if (away) throw new Error('connection refused: sk-ant-FAKE-0000')
    })
    uses.count(key, '192.0.2.1')
    await vi.advanceTimersByTimeAsync(5000)
    uses.count(key, '192.0.2.2')
    uses.count(other, '192.0.2.3')
    await vi.advanceTimersByTimeAsync(5000)
    away = false
    await vi.advanceTimersByTimeAsync(5000)
    expect(batches.at(-1)).toEqual([
      { keyId: key.keyId, requests: 2, lastUsedAt: NOW + 5000, lastAddress: '192.0.2.2' },
      { keyId: other.keyId, requests: 1, lastUsedAt: NOW + 5000, lastAddress: '192.0.2.3' },
    ])
    expect(lines.map(({ message }) => message)).toEqual(['use of client keys not stored: kept'])
    expect(JSON.stringify(lines)).not.toContain('sk-ant-FAKE-0000')
  })

  it('never asks a slow store twice at once', async () => {
    let answer = () => {}
    const { uses, batches } = open(() => new Promise((resolve) => (answer = resolve)))
    uses.count(key, null)
    await vi.advanceTimersByTimeAsync(5000)
    uses.count(key, null)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(batches).toHaveLength(1)
    answer()
    await vi.advanceTimersByTimeAsync(5000)
    expect(batches.map(([use]) => use!.requests)).toEqual([1, 1])
  })

  it('stores the rest when it closes', async () => {
    const { uses, batches, lines } = open()
    uses.count(key, '192.0.2.1')
    await uses.close()
    expect(batches.flat().map(({ requests }) => requests)).toEqual([1])
    expect(lines).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each<[string, ClientKeyStore['addUses']]>([
    ['refuses', async () => Promise.reject(new Error('away'))],
    ['never answers', () => new Promise(() => {})],
  ])('says how much is lost where the store %s to the end, and keeps nobody waiting', async (_, addUses) => {
    const { uses, lines } = open(addUses)
    for (let i = 0; i < 7; i++) uses.count(key, null)
    const closed = uses.close()
    await vi.advanceTimersByTimeAsync(5000)
    await closed
    expect(lines.at(-1)).toEqual({ message: 'use of client keys lost', requests: 7 })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells two stores, each on its own', async () => {
    const good: ClientKeyUse[] = []
    const stores = [
      { find: () => null, addUses: async () => Promise.reject(new Error('away')) },
      { find: () => null, addUses: async (uses: readonly ClientKeyUse[]) => void good.push(...uses) },
      { find: () => null },
    ]
    const { lines } = open()
    const log = (facts: object, message: string) => void lines.push({ ...facts, message })
    const logger: Logger = { debug: log, info: log, warn: log, error: log }
    const uses = createUseCounter(stores, { clock: { now: Date.now }, logger })
    uses.count(key, null)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(good.map(({ requests }) => requests)).toEqual([1])
    await uses.close()
    expect(lines.at(-1)).toMatchObject({ message: 'use of client keys lost', requests: 1 })
  })

  it('logs the use of a key that has a successor, once a key and hour', async () => {
    const { uses, lines } = open()
    uses.count(key, '192.0.2.1')
    for (let minute = 0; minute < 120; minute++) {
      uses.count(old, '192.0.2.1')
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect(lines).toEqual(
      [1, 2].map(() => ({
        message: 'client key in overlap used',
        keyId: old.keyId,
        domain: 'example.com',
        replacedBy: key.keyId,
        endsAt: new Date(NOW + 86_400_000).toISOString(),
        clientAddress: '192.0.2.1',
      })),
    )
  })
})
