import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createContentHash } from './content-hash.js'
import { toCountedBlocks } from './counted-blocks.js'
import { toLinkFacts } from './link-facts.js'

const key = createSecretKey(randomBytes(32))
const factsOf = (
  request: { readonly messages?: unknown } & Record<string, unknown>,
  domain = 'a.example',
  hashKey = key,
) => {
  const hash = createContentHash(hashKey, domain)
  const messages = Array.isArray(request.messages) ? request.messages : []
  const messageBlocks = messages.map((message) => toCountedBlocks(message, hash))
  return toLinkFacts({ request, messageBlocks, answer: null, answerBlocks: null, hash })
}
const say = (text: string, role = 'user') => ({ role, content: [{ type: 'text', text }] })

describe('toLinkFacts', () => {
  it('shows nothing of what was said, and is another in each domain and with each key', () => {
    const request = {
      metadata: { user_id: 'FAKE-user' },
      messages: [say('FAKE words that are long enough to be a passage')],
    }
    const [here, there, rekeyed] = [
      factsOf(request),
      factsOf(request, 'b.example'),
      factsOf(request, 'a.example', createSecretKey(randomBytes(32))),
    ]
    expect(JSON.stringify(here)).not.toMatch(/FAKE|words/)
    for (const digest of [here.history[0], here.opening, here.user, here.carried[0]]) {
      expect(digest).toMatch(/^[\w-]{16}$/)
      expect(JSON.stringify([there, rekeyed])).not.toContain(digest)
    }
  })

  it('takes about the same room however long the history is', () => {
    const size = (turns: number) => {
      const messages = Array.from({ length: turns }, (_, n) => say(`part ${n}`, n % 2 === 0 ? 'user' : 'assistant'))
      return JSON.stringify(factsOf({ messages })).length
    }
    expect(size(2001)).toBe(size(21))
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['numbers', [1, 'two', null, [3]]],
    [
      'messages of no shape',
      [{}, { role: 7, content: { a: 1 } }, { role: 'user', content: [null, 5, [], { type: 'tool_result' }] }],
    ],
    ['tools of no shape', [{ role: 'assistant', content: [{ type: 'tool_use', name: 'Task', input: 'x' }] }]],
    [
      'members named __proto__',
      JSON.parse('[{"__proto__":1,"role":"user","content":[{"type":"text","__proto__":null}]}]'),
    ],
  ])('takes %s for messages', (_name, messages) => {
    expect(factsOf({ messages, metadata: 7, thread: [], diagnostics: 'x' })).toMatchObject({ user: null, tasks: [] })
  })

  it.each([
    ['reminders that do not end', '<system-reminder>'.repeat(60_000)],
    ['reminders that do', '<system-reminder></system-reminder>'.repeat(30_000)],
    ['marks', `a${'-'.repeat(1_000_000)}b`],
    ['tags', '<a'.repeat(500_000)],
    ['spaces', `${' '.repeat(1_000_000)}x`],
    ['sentences', 'A sentence of some length. '.repeat(40_000)],
  ])('comes to an end with a megabyte of %s', (_name, words) => {
    expect(factsOf({ messages: [say(words)] }).answers).toEqual([])
  })

  it('comes to an end with 50,000 tool blocks in one turn', () => {
    const content = Array.from({ length: 50_000 }, (_, n) => ({
      type: 'tool_result',
      tool_use_id: `toolu_${n}`,
      content: '',
    }))
    expect(factsOf({ messages: [{ role: 'user', content }] }).history).toHaveLength(1)
  })
})
