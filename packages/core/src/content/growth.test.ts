import { createSecretKey, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { codingConversation } from '../../../../test/support/coding-conversation.js'
import type { ExchangeBodies } from '../exchange.js'
import { type EncodingContext, encodeContent, toDayNumber } from './encode-content.js'
import { KnownHashes } from './known-hashes.js'
import { SeenDocuments } from './seen-documents.js'

const context: EncodingContext = {
  hashKey: createSecretKey(randomBytes(32)),
  sealingKey: { ringKeyId: 'k1', key: createSecretKey(randomBytes(32)), wrappedKey: new Uint8Array(0) },
  known: new KnownHashes(),
  documents: new SeenDocuments(),
}

function toBodies(requestId: string, request: string, answer: string): ExchangeBodies {
  const kept = (text: string) => ({ chunks: [Buffer.from(text)], truncated: false, coding: null })
  return { requestId, startedAt: 0, domain: 'a.example', request: kept(request), answer: kept(answer), stream: true }
}

describe('what a conversation of 100 turns takes', () => {
  it('is at most 1.25 times its last request gzipped, before a store adds its own', () => {
    const taken = { parts: 0, runs: 0, requests: 0 }
    let plain = 0
    let last = ''
    let first = 0
    let encodeMs = 0
    let turn = 0
    for (const { request, answer } of codingConversation()) {
      first ||= request.length
      const startedAt = performance.now()
      const { content } = encodeContent(toBodies(`00000000-0000-4000-8000-${turn++}`, request, answer), context)
      encodeMs += performance.now() - startedAt
      for (const { hash } of content.parts) context.known.add(toDayNumber(0), hash)
      for (const { id } of content.runs) context.known.add(toDayNumber(0), id)
      taken.parts += content.parts.reduce((sum, { hash, sealed }) => sum + sealed.length + hash.length / 2, 0)
      taken.runs += content.runs.reduce((sum, { parts }) => sum + (2 + parts.length) * 16, 0)
      taken.requests += content.request!.length + 16 + content.references.length * 16
      plain += request.length + answer.length
      last = request
    }
    const whole = gzipSync(last, { level: 9 }).length
    const total = Object.values(taken).reduce((sum, bytes) => sum + bytes, 0)
    console.info(
      `${turn} turns, ${first} to ${last.length} bytes: stored ${total} bytes (${JSON.stringify(taken)}), last request ` +
        `gzipped ${whole}: ratio ${(total / whole).toFixed(2)}; plain bodies ${plain} bytes: ` +
        `${(plain / whole).toFixed(0)} times; encoding ${(encodeMs / turn).toFixed(1)} ms a turn`,
    )
    expect(total / whole).toBeLessThan(1.25)
  })
})
