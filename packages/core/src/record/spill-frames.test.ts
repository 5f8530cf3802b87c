import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { newRecord } from '../../test/support/new-record.js'
import { createSealer } from '../key-ring/sealer.js'
import type { StoredContent } from '../storage/exchange-store.js'
import { readFrames, sealFrames } from './spill-frames.js'

it('reads what was written before histories were stored in runs', async () => {
  const sealer = createSealer({ current: 'k1', keys: { k1: createHash('sha256').update('FAKE ring key').digest() } })
  const content = { request: null, tip: 'b', parts: [], references: [], answer: null, truncated: false }
  const earlier = {
    ...content,
    nodes: [
      { id: 'a', parent: null, part: 'one' },
      { id: 'b', parent: 'a', part: 'two' },
    ],
  } as unknown as StoredContent
  const bytes = await sealFrames(sealer, 'file', [newRecord('r0', { content: earlier }), newRecord('r1')])
  const [read, bare] = await readFrames(sealer, 'file', bytes)
  expect(read?.content).toEqual({
    ...content,
    runs: [
      { id: 'a', parent: null, parts: ['one'] },
      { id: 'b', parent: 'a', parts: ['two'] },
    ],
  })
  expect(bare?.content).toBe(null)
})
