import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KnownHashes } from './known-hashes.js'

const hash = (seed: number | string) => createHash('sha256').update(String(seed)).digest('hex').slice(0, 32)

describe('KnownHashes', () => {
  it('knows what was added, in every thread that shares its memory, on its day alone', () => {
    const known = new KnownHashes()
    known.add(1, hash('a'))
    const elsewhere = new KnownHashes(known.memory)
    expect([known.has(1, hash('a')), elsewhere.has(1, hash('a'))]).toEqual([true, true])
    expect([known.has(2, hash('a')), known.has(1, hash('b'))]).toEqual([false, false])
  })

  it('keeps all of ten thousand', () => {
    const known = new KnownHashes()
    for (let i = 0; i < 10_000; i++) known.add(1, hash(i))
    expect(Array.from({ length: 10_000 }, (_, i) => known.has(1, hash(i))).filter((is) => !is)).toEqual([])
  })

  it('keeps the last of those that share a place, and forgets one for it', () => {
    const known = new KnownHashes()
    const sharing = Array.from({ length: 20 }, (_, i) => `00000001${hash(i).slice(8)}`)
    for (const item of sharing) {
      known.add(1, item)
      expect(known.has(1, item)).toBe(true)
    }
    expect(sharing.filter((item) => known.has(1, item))).toHaveLength(8)
  })

  it('knows nothing any more once cleared', () => {
    const known = new KnownHashes()
    known.add(1, hash('a'))
    known.clear()
    expect(known.has(1, hash('a'))).toBe(false)
  })
})
