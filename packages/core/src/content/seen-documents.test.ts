import { expect, it } from 'vitest'
import { SeenDocuments } from './seen-documents.js'

const document = (blocks: number) => ({
  name: 'n',
  bytes: 1,
  blocks: Array(blocks).fill({ role: 'user', digest: 'd', isTool: false, isThinking: false }),
})

it('forgets the oldest beyond 20,000 documents', () => {
  const seen = new SeenDocuments()
  for (let i = 0; i < 20_001; i++) seen.add(`${i}`, document(1))
  expect(seen.get('0')).toBeUndefined()
  expect(seen.get('1')).toBeDefined()
})

it('forgets the oldest beyond 200,000 blocks, however few documents hold them', () => {
  const seen = new SeenDocuments()
  for (const name of ['a', 'b', 'c']) seen.add(name, document(90_000))
  expect([seen.get('a'), seen.get('b'), seen.get('c')].map((found) => found !== undefined)).toEqual([false, true, true])
  seen.add('huge', document(300_000))
  expect(['b', 'c', 'huge'].map((name) => seen.get(name))).toEqual([undefined, undefined, undefined])
  seen.add('d', document(1))
  expect(seen.get('d')).toBeDefined()
})
