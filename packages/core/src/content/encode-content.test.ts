import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExchangeBodies } from '../exchange.js'
import type { KeyRing } from '../key-ring/key-ring.js'
import { maskJson } from '../masking/mask-json.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { memoryExchanges } from '../storage/memory-exchanges.js'
import { type EncodingContext, encodeContent, toDayNumber } from './encode-content.js'
import { createHashKey } from './hash-key.js'
import { KnownHashes } from './known-hashes.js'
import { createContentReader } from './open-content.js'
import { SeenDocuments } from './seen-documents.js'

const secret = createHash('sha256').update('FAKE ring key').digest()
const keyRing: KeyRing = { current: 'k1', keys: { k1: secret } }
const kept = (text: string | Buffer) => ({ chunks: [Buffer.from(text)], truncated: false, coding: null })

function openContext(): EncodingContext {
  return {
    hashKey: createHashKey(keyRing),
    sealingKey: { ringKeyId: 'k1', key: createSecretKey(secret), wrappedKey: new Uint8Array(0) },
    known: new KnownHashes(),
    documents: new SeenDocuments(),
  }
}

/** Encodes, stores and remembers exchanges one after the other, as the recorder does. */
function openStore(context = openContext()) {
  const store = memoryExchanges(1000)
  const reader = createContentReader(keyRing)
  let count = 0
  return {
    async put(facts: Partial<ExchangeBodies>, { hasGaps = false } = {}) {
      const bodies = {
        requestId: `r${count++}`,
        startedAt: 0,
        domain: 'a.example',
        request: null,
        answer: null,
        stream: false,
      }
      const { content } = encodeContent({ ...bodies, ...facts }, context)
      const day = toDayNumber(facts.startedAt ?? 0)
      for (const { hash } of content.parts) context.known.add(day, hash)
      for (const { id } of content.runs) context.known.add(day, id)
      const record = { ...bodies, ...facts, content } as unknown as ExchangeRecord
      expect(await store.append([record])).toEqual({ incomplete: hasGaps ? [record.requestId] : [] })
      return { content, opened: await reader.open((await store.find(record.requestId))!) }
    },
  }
}

const request = (...messages: unknown[]) => kept(JSON.stringify({ model: 'claude-a', messages }))
const text = (value: string, role = 'user') => ({ role, content: [{ type: 'text', text: value }] })

describe('encodeContent', () => {
  it('gives back what was sent, whatever it was, but for what looks like a secret', async () => {
    const cached = fc.record({ cache_control: fc.constant({ type: 'ephemeral' }), text: fc.string({ unit: 'binary' }) })
    const block = fc.oneof(cached, fc.jsonValue(), fc.record({ content: fc.array(fc.oneof(cached, fc.jsonValue())) }))
    const message = fc.oneof(fc.record({ role: fc.string(), content: fc.array(block) }), fc.jsonValue())
    const body = fc.record({
      messages: fc.array(message),
      system: fc.oneof(
        fc.jsonValue(),
        fc.array(fc.record({ text: fc.string({ minLength: 1100 }), cache_control: fc.constant(1) })),
      ),
      tools: fc.oneof(fc.jsonValue(), fc.array(block)),
    })
    const { put } = openStore()
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, fc.jsonValue()), async (value) => {
        const sent = JSON.stringify(value)
        const { opened } = await put({ request: kept(sent) })
        expect(JSON.parse(String(opened?.request))).toEqual(maskJson(JSON.parse(sent)))
        expect(opened?.missingParts).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  it.each([
    [
      'a member named __proto__',
      '{"messages":[{"__proto__":{"a":1},"content":[{"__proto__":null,"cache_control":1}]}],"__proto__":[1]}',
    ],
    ['a number beyond 2^53', '{"messages":[{"n":9007199254740993}]}'],
    ['a number beyond every double', '{"messages":[{"n":1e400}]}'],
    ['minus zero', '{"messages":[{"n":-0}]}'],
    ['a byte order mark', '\ufeff{"messages":[1]}'],
    ['no messages', '{"messages":[]}'],
    ['201 levels', `{"messages":[${'['.repeat(201)}${']'.repeat(201)}]}`],
  ])('keeps the exact meaning of %s', async (_name, sent) => {
    const { put } = openStore()
    const { opened } = await put({ request: kept(sent) })
    const stored = String(opened?.request)
    if (stored !== sent) expect(JSON.stringify(JSON.parse(stored))).toBe(JSON.stringify(sortKeys(JSON.parse(sent))))
  })

  it('takes the last of two members of one name, as JSON.parse does', async () => {
    const { put } = openStore()
    const { opened } = await put({ request: kept('{"messages":[{"a":1,"a":2}]}') })
    expect(JSON.parse(String(opened?.request))).toEqual({ messages: [{ a: 2 }] })
  })

  it('stores of a history that is resent only what is new, wherever cache_control moves', async () => {
    const { put } = openStore()
    const moved = { role: 'user', content: [{ type: 'text', text: 'one', cache_control: { type: 'ephemeral' } }] }
    const first = await put({ request: request(moved) })
    const second = await put({ request: request(text('one'), text('two', 'assistant'), text('three')) })
    expect(first.content.parts).toHaveLength(1)
    expect(second.content.parts).toHaveLength(2)
    expect(second.content.runs).toEqual([
      { id: second.content.tip, parent: first.content.tip, parts: second.content.parts.map(({ hash }) => hash) },
    ])
    expect(JSON.parse(String(second.opened?.request)).messages).toEqual([
      text('one'),
      text('two', 'assistant'),
      text('three'),
    ])
  })

  it('stores an answer and the message that sends it back once', async () => {
    const { put } = openStore()
    const said = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'two' }], id: 'msg_1' }
    await put({ request: request(text('one')), answer: kept(JSON.stringify(said)) })
    const next = await put({ request: request(text('one'), text('two', 'assistant'), text('three')) })
    expect(next.content.parts).toHaveLength(1)
    expect(next.opened?.missingParts).toBe(0)
  })

  it.each([
    ['with its request', request(text('one'))],
    ['beside a request that is none', kept('no JSON')],
    ['without a request', null],
  ])('gives an answer back %s', async (_name, asked) => {
    const { put } = openStore()
    const said = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'two' }], id: 'msg_1' }
    const { opened } = await put({ request: asked, answer: kept(JSON.stringify(said)) })
    expect(JSON.parse(String(opened?.response))).toEqual(said)
    const broken = await put({ request: asked, answer: kept('half an') })
    expect(broken.opened?.response).toBe('half an')
  })

  it('finds a message that moved in another history, with what it is compressed over', async () => {
    const { put } = openStore()
    const [long, later] = [text('a '.repeat(20_000)), text(`b ${'a '.repeat(100)}`)]
    await put({ request: request(text('x'), long, later) })
    const other = await put({ request: request(text('y'), long, later) })
    expect(other.opened?.missingParts).toBe(0)
    expect(JSON.parse(String(other.opened?.request)).messages).toEqual([text('y'), long, later])
  })

  it('stores everything once more on the next day', async () => {
    const { put } = openStore()
    await put({ request: request(text('one')) })
    const { content } = await put({ request: request(text('one')), startedAt: 86_400_000 })
    expect(content.parts).toHaveLength(1)
    expect(content.runs).toMatchObject([{ parent: null }])
  })

  it('goes on after the last history it shares with one that is stored', async () => {
    const { put } = openStore()
    const said = [text('one'), text('two', 'assistant'), text('three'), text('four', 'assistant'), text('five')]
    const first = await put({ request: request(said[0]) })
    const whole = await put({ request: request(...said) })
    const again = await put({ request: request(...said) })
    const branch = await put({ request: request(...said.slice(0, 3), text('5')) })
    expect(whole.content.runs).toMatchObject([{ parent: first.content.tip, parts: { length: 4 } }])
    expect(again.content).toMatchObject({ tip: whole.content.tip, runs: [] })
    expect(branch.content.runs).toMatchObject([{ parent: first.content.tip, parts: { length: 3 } }])
    expect(JSON.parse(String(branch.opened?.request)).messages).toEqual([...said.slice(0, 3), text('5')])
    expect([whole, again, branch].map(({ opened }) => opened?.missingParts)).toEqual([0, 0, 0])
  })

  it('names equal messages of two domains and two key rings differently', async () => {
    const here = await openStore().put({ request: request(text('one')) })
    const there = await openStore().put({ request: request(text('one')), domain: 'b.example' })
    const rekeyed = await openStore({ ...openContext(), hashKey: createSecretKey(randomBytes(32)) }).put({
      request: request(text('one')),
    })
    expect(new Set([here, there, rekeyed].map(({ content }) => content.tip)).size).toBe(3)
  })

  it('masks secrets in messages, what is beside them, answers and text that is no JSON', async () => {
    const { put } = openStore()
    const secretKey = `sk-ant-api03-FAKE${'b'.repeat(80)}`
    const body = { metadata: { user_id: secretKey }, system: secretKey, messages: [text(`it is ${secretKey}`)] }
    for (const sent of [
      JSON.stringify(body),
      `no JSON ${secretKey}`,
      Buffer.concat([Buffer.of(0xff), Buffer.from(secretKey)]),
    ]) {
      const { opened } = await put({ request: kept(sent), answer: kept(sent) })
      expect(Buffer.from(opened!.request!).toString('latin1')).not.toContain('FAKE')
      expect(Buffer.from(opened!.response!).toString('latin1')).not.toContain('FAKE')
    }
  })

  it('says how many parts are missing, and shows the rest', async () => {
    const context = openContext()
    const lost = encodeContent(
      {
        requestId: 'lost',
        startedAt: 0,
        domain: 'a.example',
        request: request(text('one')),
        answer: null,
        stream: false,
      },
      context,
    ).content
    for (const { hash } of lost.parts) context.known.add(0, hash)
    for (const { id } of lost.runs) context.known.add(0, id)
    const { put } = openStore(context)
    const { opened } = await put({ request: request(text('one'), text('two')) }, { hasGaps: true })
    expect(opened?.missingParts).toBeGreaterThan(0)
    expect(JSON.parse(String(opened?.request))).toMatchObject({ model: 'claude-a' })
  })
})

function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sortKeys)
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys((value as Record<string, unknown>)[key])]),
  )
}
