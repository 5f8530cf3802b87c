import { describe, expect, it } from 'vitest'
import { clientsAtOnce, scenarios } from '../../test/support/conversation-scenarios.js'
import { shuffle, Transcripts, toScore } from '../../test/support/transcripts.js'
import type { ExchangeRecord } from '../storage/exchange-store.js'
import { linkConversations } from './link-conversations.js'

describe('linkConversations', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
    const transcripts = new Transcripts()
    scenario.play(transcripts)
    const linked = linkConversations(shuffle(transcripts.records))
    expect(toScore(linked, transcripts.truth)).toMatchObject({ missed: 0, wrong: 0 })
    expect({
      conversations: linked.conversations.length,
      branches: linked.conversations.flatMap(({ branches }) => branches).length,
    }).toEqual({ conversations: scenario.conversations, branches: scenario.branches })
    const requests = linked.conversations.flatMap(({ branches }) => branches.flatMap((branch) => branch.requests))
    expect(requests.sort()).toEqual([...transcripts.truth.keys()].sort())
  })

  it('keeps clients apart that nothing tells apart, whichever of them said what', () => {
    const transcripts = new Transcripts()
    clientsAtOnce('nothing', () => ({})).play(transcripts)
    const linked = linkConversations(shuffle(transcripts.records))
    const score = toScore(linked, transcripts.truth)
    console.info(`20 clients that nothing tells apart: ${JSON.stringify(score)}`)
    expect(linked.conversations).toHaveLength(40)
    expect(score.missed).toBe(0)
    // One conversation each: as many requests on its main branch, and a sub-task of one request.
    const lengths = linked.conversations.map(({ subTaskOf, branches }) => [
      subTaskOf !== null,
      branches[0]!.requests.length,
    ])
    expect(lengths.sort()).toEqual([...Array(20).fill([false, 5]), ...Array(20).fill([true, 1])])
  })

  it('links no strangers by a first message in which nothing counts', () => {
    const transcripts = new Transcripts()
    const reminder = { role: 'user', content: '<system-reminder>The same for all</system-reminder>' } as const
    for (const messages of [[reminder], [reminder], [reminder, { role: 'user', content: 'Hello' } as const]]) {
      transcripts.ask({ messages, answer: null, follows: null, record: { status: 529 } })
    }
    expect(linkConversations(transcripts.records).conversations).toHaveLength(3)
  })

  it('puts what began in one millisecond in the order of its history', () => {
    const transcripts = new Transcripts()
    const chat = transcripts.chat()
    for (let turn = 0; turn < 6; turn++) chat.say(`question ${turn}`, 'yes')
    const ids = transcripts.records.map(({ requestId }) => requestId).reverse()
    const records = transcripts.records.map((record, n) => ({
      ...record,
      requestId: ids[n]!,
      startedAt: 0,
      durationMs: 0.1,
    }))
    const { conversations } = linkConversations(records)
    expect(conversations.map(({ branches }) => branches)).toEqual([[{ id: ids[0], from: null, requests: ids }]])
  })

  it('comes to an end where exchanges of one millisecond name each other as the one before', () => {
    const transcripts = new Transcripts()
    for (let n = 0; n < 5; n++) transcripts.chat().say('continue', 'ok')
    const records = transcripts.records.map((record) => ({
      ...record,
      startedAt: 0,
      links: { ...record.links!, answerId: 'FAKEmessage00000', previousAnswerId: 'FAKEmessage00000' },
    }))
    const { conversations, linking } = linkConversations(records)
    expect(linking).toMatchObject({ exchanges: 5, unknown: 0 })
    expect(conversations.flatMap(({ branches }) => branches.flatMap(({ requests }) => requests))).toHaveLength(5)
    expect(linkConversations(shuffle(records))).toEqual({ conversations, linking })
  })

  it('leaves out what is no turn, and counts what nothing is known of', () => {
    const transcripts = new Transcripts()
    transcripts.chat().say('hello', 'hello')
    const [turn] = transcripts.records as [ExchangeRecord]
    const { conversations, linking } = linkConversations([
      turn,
      { ...turn, requestId: 'counted', path: '/v1/messages/count_tokens' },
      { ...turn, requestId: 'refused', domain: null },
      { ...turn, requestId: 'not forwarded', links: null, firstByteMs: null },
      { ...turn, requestId: 'unknown', links: null },
    ])
    expect(conversations.map(({ id }) => id).sort()).toEqual([turn.requestId, 'unknown'].sort())
    expect(linking).toEqual({ exchanges: 2, linked: 0, begun: 1, unknown: 1 })
  })

  it('all of it at once, in one domain and in any order', () => {
    const all = scenarios.map((scenario, n) => {
      const transcripts = new Transcripts(`s${n}`)
      scenario.play(transcripts)
      return transcripts
    })
    const records = all.flatMap((transcripts) => transcripts.records)
    const truth = new Map(all.flatMap((transcripts) => [...transcripts.truth]))
    const linked = linkConversations(records)
    const score = toScore(linked, truth)
    console.info(`synthetic transcripts: ${JSON.stringify({ ...score, ...linked.linking })}`)
    expect(score).toMatchObject({ missed: 0, wrong: 0 })
    for (let seed = 1; seed <= 20; seed++) expect(linkConversations(shuffle(records, seed))).toEqual(linked)
  })
})
